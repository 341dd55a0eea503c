/** The window: navigation by what somebody may do, and the page they are on. */
import { MenuOutlined } from "@ant-design/icons";
import { Button, Drawer, Flex, Grid, Layout, Menu, Result } from "antd";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";
import { HotkeyHelp } from "../shared/hotkeys";
import { GROUPS, type Page } from "../shared/page";
import { useSession } from "../shared/session";
import { Guard, Loading } from "../shared/states";
import { Account } from "./Account";
import type { Look } from "./Entrance";
import { Home } from "./Home";
import { listed, open, PAGES, READY } from "./pages";

const TEXTS = {
  name: "医共",
  menu: "打开导航",
  navigation: "导航",
  home: "概览",
  skip: "跳到主要内容",
  missing: "没有该页面，或您没有使用它的权限",
  back: "返回概览",
};

const BODIES = new Map(PAGES.map((page) => [page.path, lazy(page.load)]));

export function Shell(look: Look): ReactNode {
  const pages = open(useSession().permissions);
  const here = useLocation().pathname.split("/")[1] ?? "";
  const bare = pages.find((page) => page.path === here)?.bare;
  if (bare) return <Pages pages={pages} />;
  return (
    <Layout className="shell">
      <a className="skip" href="#main">
        {TEXTS.skip}
      </a>
      <Head pages={pages} here={here} {...look} />
      <Layout hasSider>
        <Side pages={pages} here={here} />
        <Layout.Content id="main" tabIndex={-1} className="content" role="main">
          <Pages pages={pages} />
        </Layout.Content>
      </Layout>
      <HotkeyHelp />
    </Layout>
  );
}

type Placed = { pages: Page[]; here: string };

function Head({ pages, here, ...look }: Placed & Look): ReactNode {
  const [shown, show] = useState(false);
  const wide = Grid.useBreakpoint().lg;
  return (
    <Layout.Header className="head no-print">
      <Flex align="center" gap={8}>
        {wide ? null : <Button icon={<MenuOutlined />} aria-label={TEXTS.menu} onClick={() => show(true)} />}
        <Link to="/" className="brand">
          <img src="/ui/logo.svg" alt="" width={28} height={28} />
          {TEXTS.name}
        </Link>
      </Flex>
      <Account {...look} />
      <Drawer open={shown} onClose={() => show(false)} placement="left" size={260} title={TEXTS.navigation}>
        <Navigation pages={pages} here={here} chosen={() => show(false)} />
      </Drawer>
    </Layout.Header>
  );
}

function Side({ pages, here }: Placed): ReactNode {
  if (!Grid.useBreakpoint().lg) return null;
  return (
    <Layout.Sider theme="light" width={200} className="side no-print">
      <Navigation pages={pages} here={here} />
    </Layout.Sider>
  );
}

function Navigation({ pages, here, chosen }: Placed & { chosen?: () => void }): ReactNode {
  const groups = GROUPS.map((group) => ({ group, members: listed(pages, group) }));
  const items = groups
    .filter(({ members }) => members.length)
    .map(({ group, members }) => ({
      key: group,
      type: "group" as const,
      label: group,
      children: members.map((page) => ({
        key: page.path,
        icon: <page.icon />,
        label: <Link to={`/${page.path}`}>{page.title}</Link>,
      })),
    }));
  const home = { key: "", label: <Link to="/">{TEXTS.home}</Link> };
  return (
    <nav aria-label={TEXTS.navigation}>
      <Menu mode="inline" items={[home, ...items]} selectedKeys={[here]} onClick={chosen} />
    </nav>
  );
}

function Pages({ pages }: { pages: Page[] }): ReactNode {
  return (
    <Routes>
      <Route index element={<Home pages={pages} />} />
      {pages.map((page) => (
        <Route key={page.path} path={`${page.path}/*`} element={<Body key={page.path} path={page.path} />} />
      ))}
      <Route path="index.html" element={<Navigate to="/" replace />} />
      <Route
        path="*"
        element={<Result status="404" title={TEXTS.missing} extra={<Link to="/">{TEXTS.back}</Link>} />}
      />
    </Routes>
  );
}

/** A page; one that was loaded ahead at once: what React waits for, it keeps hidden a while longer. */
function Body({ path }: { path: string }): ReactNode {
  const [Found] = useState(() => READY.get(path) ?? BODIES.get(path));
  return (
    <Guard>
      <Suspense fallback={<Loading />}>{Found ? <Found /> : null}</Suspense>
    </Guard>
  );
}
