/** Where the main pages begin. */
import { QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp, ConfigProvider } from "antd";
import "antd/dist/antd.css";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { CACHE } from "../shared/asking";
import { unfoldForPaper } from "../shared/printing";
import { Guard } from "../shared/states";
import { Entrance } from "./Entrance";
import "./main.css";
import { loadAhead } from "./pages";
import { look, useMode } from "./theme";

const PATIENCE_MS = 150;
dayjs.locale("zh-cn");

function Root(): ReactNode {
  const [mode, setMode, isDark] = useMode();
  return (
    <ConfigProvider locale={zhCN} theme={look(isDark)} button={{ autoInsertSpace: false }}>
      <AntApp>
        <Guard>
          <QueryClientProvider client={CACHE}>
            <Entrance mode={mode} setMode={setMode} />
          </QueryClientProvider>
        </Guard>
      </AntApp>
    </ConfigProvider>
  );
}

/** Draws the window once, with who is there and the page in it, unless that takes longer than people like to look at
 * nothing. */
async function begin(root: HTMLElement): Promise<void> {
  await Promise.race([loadAhead(location), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
  const router = createBrowserRouter([{ path: "*", element: <Root /> }], { basename: "/ui" });
  createRoot(root).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}

unfoldForPaper();
const root = document.getElementById("root");
if (root) void begin(root);
