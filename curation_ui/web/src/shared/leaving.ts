/** A warning before what is typed and not saved is left. */
import { App } from "antd";
import { useEffect } from "react";
import { NavigationType, useBlocker } from "react-router";

const TEXTS = {
  title: "有未保存的修改",
  content: "离开后，未保存的内容将丢失。",
  leave: "离开",
  stay: "留在本页",
};

/** Ask whoever leaves the page while something is unsaved. An address put in place of the page's own is the page's
 * doing, after it saved. */
export function useLeaving(unsaved: boolean): void {
  const { modal } = App.useApp();
  const blocker = useBlocker(
    ({ currentLocation, nextLocation, historyAction }) =>
      unsaved && historyAction !== NavigationType.Replace && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!unsaved) return;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [unsaved]);
  useEffect(() => {
    if (blocker.state !== "blocked") return;
    const asked = modal.confirm({
      title: TEXTS.title,
      content: TEXTS.content,
      okText: TEXTS.leave,
      cancelText: TEXTS.stay,
      onOk: () => blocker.proceed(),
      onCancel: () => blocker.reset(),
    });
    return () => asked.destroy();
  }, [blocker, modal]);
}
