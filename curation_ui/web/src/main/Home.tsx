/** The overview: what can be done here. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { Frame } from "../shared/frame";
import { GROUPS, type Page } from "../shared/page";
import { Nothing } from "../shared/states";
import { listed } from "./pages";
import { Tour } from "./Tour";

const TEXTS = {
  title: "概览",
  none: "您的账号尚未获得任何页面的使用权限，请联系安全管理员授予角色。",
};

export function Home({ pages }: { pages: Page[] }): ReactNode {
  return (
    <Frame title={TEXTS.title}>
      <Tour />
      {pages.length ? null : <Nothing text={TEXTS.none} />}
      {GROUPS.map((group) => (
        <Group key={group} title={group} pages={listed(pages, group)} />
      ))}
    </Frame>
  );
}

function Group({ title, pages }: { title: string; pages: Page[] }): ReactNode {
  if (!pages.length) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <div className="cards">
        {pages.map((page) => (
          <Link key={page.path} to={`/${page.path}`}>
            <page.icon />
            <strong>{page.title}</strong>
            <span className="muted">{page.about}</span>
          </Link>
        ))}
      </div>
    </section>
  );
}
