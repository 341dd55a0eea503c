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

/** Colours hold WCAG AA contrast in both modes, of what the pointer is over too. Style sheets come as a file
 * (`antd.css`): reckoning them in the browser took a third of the time until something was shown. So what is set for a
 * component is heeded only if it is a token of that component. */
export function look(isDark: boolean): ThemeConfig {
  const link = isDark ? "#5fc3e0" : "#0b6e8e";
  const over = isDark ? "#7fd0e8" : "#095f7b";
  return {
    zeroRuntime: true,
    hashed: false,
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: "#0b6e8e",
      colorPrimaryHover: isDark ? "#0d7ca0" : over,
      colorError: isDark ? "#ff7875" : "#cf1322",
      colorErrorHover: isDark ? "#ff9c99" : "#a8071a",
      colorLink: link,
      colorLinkHover: over,
      colorLinkActive: over,
      colorTextSecondary: isDark ? "rgba(255,255,255,0.72)" : "rgba(0,0,0,0.68)",
      colorTextTertiary: isDark ? "rgba(255,255,255,0.68)" : "rgba(0,0,0,0.62)",
      colorTextDescription: isDark ? "rgba(255,255,255,0.7)" : "rgba(0,0,0,0.65)",
      colorTextPlaceholder: isDark ? "rgba(255,255,255,0.62)" : "rgba(0,0,0,0.6)",
      controlItemBgActive: isDark ? "#14323c" : "#e2f1f5",
      controlItemBgActiveHover: isDark ? "#183c48" : "#d4eaf0",
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
        dangerColor: isDark ? "#2a0b0a" : "#fff",
      },
      Pagination: { itemActiveColor: link, itemActiveColorHover: over },
      Tabs: { itemSelectedColor: link, itemHoverColor: over },
      Menu: { itemSelectedBg: isDark ? "#14323c" : "#e2f1f5", itemSelectedColor: isDark ? "#7fd0e8" : "#0b5f7b" },
    },
  };
}

function kept(): Mode {
  const found = localStorage.getItem(KEPT);
  return found === "light" || found === "dark" ? found : "auto";
}
