/** The window: navigation by what somebody may do, and the page they are on. */
import { MenuOutlined } from "@ant-design/icons";
import { Button, Drawer, Flex, Layout, Result } from "antd";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link, Navigate, Route, Routes, useLocation } from "react-router";
import { HotkeyHelp } from "../shared/hotkeys";
import { useMedia, WIDE } from "../shared/media";
import type { Page } from "../shared/page";
import { useSession } from "../shared/session";
import { Guard, Loading } from "../shared/states";
import { Account } from "./Account";
import type { Look } from "./Entrance";
import { Home } from "./Home";
import { Navigation } from "./Navigation";
import { open, PAGES, READY } from "./pages";

const TEXTS = {
  name: "医共",
  menu: "打开导航",
  navigation: "导航",
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
      <Head pages={pages} {...look} />
      <Layout hasSider>
        <Side pages={pages} />
        <Layout.Content id="main" tabIndex={-1} className="content" role="main">
          <Pages pages={pages} />
        </Layout.Content>
      </Layout>
      <HotkeyHelp />
    </Layout>
  );
}

type Placed = { pages: Page[] };

function Head({ pages, ...look }: Placed & Look): ReactNode {
  return (
    <Layout.Header className="head no-print">
      <Flex align="center" gap={8}>
        {useMedia(WIDE) ? null : <Opening pages={pages} />}
        <Link to="/" className="brand">
          <img src="/ui/logo.svg" alt="" width={28} height={28} />
          {TEXTS.name}
        </Link>
      </Flex>
      <Account {...look} />
    </Layout.Header>
  );
}

/** On narrow windows the navigation is opened. */
function Opening({ pages }: Placed): ReactNode {
  const [shown, show] = useState(false);
  return (
    <>
      <Button icon={<MenuOutlined />} aria-label={TEXTS.menu} onClick={() => show(true)} />
      <Drawer open={shown} onClose={() => show(false)} placement="left" size={260} title={TEXTS.navigation}>
        <Navigation pages={pages} chosen={() => show(false)} />
      </Drawer>
    </>
  );
}

function Side({ pages }: Placed): ReactNode {
  if (!useMedia(WIDE)) return null;
  return (
    <Layout.Sider theme="light" width={200} className="side no-print">
      <Navigation pages={pages} />
    </Layout.Sider>
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
