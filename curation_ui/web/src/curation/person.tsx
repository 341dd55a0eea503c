/** In whose name something is done: one's own; on a machine without accounts the name that is typed. */
import { UserOutlined } from "@ant-design/icons";
import { Input } from "antd";
import { type ReactNode, useSyncExternalStore } from "react";
import { useSession } from "../shared/session";

const KEPT = "yigong.curator";
const TEXTS = { who: "操作人", hint: "操作人姓名" };
const watchers = new Set<() => void>();

/** The name to act under; empty for people who logged in, who are themselves. */
export function usePerson(): { by: string; needed: boolean; missing: boolean } {
  const typed = useSyncExternalStore(watch, kept);
  const needed = useSession().kind !== "account";
  return { by: needed ? typed.trim() : "", needed, missing: needed && !typed.trim() };
}

/** Where the name is typed, if it has to be. */
export function Person(): ReactNode {
  const typed = useSyncExternalStore(watch, kept);
  if (!usePerson().needed) return null;
  return (
    <Input
      prefix={<UserOutlined />}
      value={typed}
      onChange={(event) => keep(event.target.value)}
      placeholder={TEXTS.hint}
      aria-label={TEXTS.who}
      maxLength={40}
      style={{ width: 150 }}
      status={typed.trim() ? undefined : "warning"}
    />
  );
}

function kept(): string {
  return sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? "";
}

function keep(name: string): void {
  sessionStorage.setItem(KEPT, name);
  localStorage.setItem(KEPT, name);
  for (const told of watchers) told();
}

function watch(told: () => void): () => void {
  watchers.add(told);
  return () => watchers.delete(told);
}
