/** Logging in with the identity provider. */
import { Button } from "antd";
import type { ReactNode } from "react";
import { address } from "../shared/client";

const TEXTS = { enter: (title: string) => `使用${title}登录`, again: (title: string) => `重新登录${title}以验证` };

/** Leads to the provider, and from there back to this page. */
export function ProviderLogin({ title, again = false }: { title: string; again?: boolean }): ReactNode {
  const next = location.pathname + location.search;
  return (
    <Button block href={address("GET /api/v1/oidc/login", { query: { next } })}>
      {again ? TEXTS.again(title) : TEXTS.enter(title)}
    </Button>
  );
}
