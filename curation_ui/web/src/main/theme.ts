/** Light, dark, or as the machine is set. */
import { type ThemeConfig, theme } from "antd";
import { useEffect, useState } from "react";
import { useMedia } from "../shared/media";

export const MODES = { auto: "跟随系统", light: "浅色", dark: "深色" } as const;
export type Mode = keyof typeof MODES;
const KEPT = "yigong.mode";
const DARK = "(prefers-color-scheme: dark)";

/** The mode somebody chose on this machine, how to choose another, and whether that comes to dark: never on paper. */
export function useMode(): [Mode, (mode: Mode) => void, boolean] {
  const [mode, setMode] = useState<Mode>(kept);
  const isDark = useMedia(DARK);
  const onPaper = useMedia("print");
  const shown = !onPaper && (mode === "dark" || (mode === "auto" && isDark));
  useEffect(() => {
    localStorage.setItem(KEPT, mode);
    document.documentElement.dataset.theme = shown ? "dark" : "light";
  }, [mode, shown]);
  return [mode, setMode, shown];
}

const LIGHT = {
  link: "#0b6e8e",
  over: "#095f7b",
  chosen: "#e2f1f5",
  danger: "#fff",
  tokens: {
    colorPrimaryHover: "#095f7b",
    colorError: "#cf1322",
    colorErrorHover: "#a8071a",
    colorLink: "#0b6e8e",
    colorTextSecondary: "rgba(0,0,0,0.68)",
    colorTextTertiary: "rgba(0,0,0,0.62)",
    colorTextDescription: "rgba(0,0,0,0.65)",
    colorTextPlaceholder: "rgba(0,0,0,0.6)",
    controlItemBgActiveHover: "#d4eaf0",
  },
};
const NIGHT: typeof LIGHT = {
  link: "#5fc3e0",
  over: "#7fd0e8",
  chosen: "#14323c",
  danger: "#2a0b0a",
  tokens: {
    colorPrimaryHover: "#0d7ca0",
    colorError: "#ff7875", // becomes #dc6966: antd darkens what shades are reckoned from
    colorErrorHover: "#ff9c99",
    colorLink: "#74dcfa", // becomes #66bed8
    colorTextSecondary: "rgba(255,255,255,0.72)",
    colorTextTertiary: "rgba(255,255,255,0.68)",
    colorTextDescription: "rgba(255,255,255,0.7)",
    colorTextPlaceholder: "rgba(255,255,255,0.62)",
    controlItemBgActiveHover: "#183c48",
  },
};

/** Colours hold WCAG AA contrast in both modes, of what the pointer is over too. Style sheets come as a file
 * (`antd.css`): reckoning them in the browser took a third of the time until something was shown. So what is set for a
 * component is heeded only if it is a token of that component. */
export function look(isDark: boolean): ThemeConfig {
  const { link, over, chosen, danger, tokens } = isDark ? NIGHT : LIGHT;
  return {
    zeroRuntime: true,
    hashed: false,
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      ...tokens,
      colorPrimary: "#0b6e8e",
      colorLinkHover: over,
      colorLinkActive: over,
      controlItemBgActive: chosen,
      borderRadius: 6,
      motion: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily:
        '-apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif',
    },
    components: {
      Button: {
        defaultHoverColor: over,
        defaultHoverBorderColor: over,
        defaultActiveColor: over,
        dangerColor: danger,
      },
      Menu: { itemSelectedBg: chosen, itemSelectedColor: over },
      Pagination: { itemActiveColor: link, itemActiveColorHover: over },
      Tabs: { itemSelectedColor: link, itemHoverColor: over },
    },
  };
}

function kept(): Mode {
  const found = localStorage.getItem(KEPT);
  return found === "light" || found === "dark" ? found : "auto";
}
