import type { Plugin } from "vite";

type Change = { module: string; from: string; to: string };

/** An icon is silent, since what it stands beside or in has words of its own, unless it stands alone in a button of a
 * library, or something is said of it. */
const ALONE = '{ search: "搜索", left: "上一页", right: "下一页" }[icon.name]';
const ICON = {
  from: 'role: "img",\n    "aria-label": icon.name',
  to: `...(props["aria-label"] ?? ${ALONE} ? { role: "img", "aria-label": ${ALONE} } : { "aria-hidden": true })`,
};
/** What libraries say to those who hear a page, where they take it from no locale. */
const CHANGES: Change[] = [
  { module: "@ant-design/icons/es/components/AntdIcon.js", ...ICON },
  { module: "@ant-design/icons/es/components/AntdIconLight.js", ...ICON },
  {
    module: "@rc-component/input/es/BaseInput.js",
    from: 'type: "button",\n        onClick: event',
    to: 'type: "button",\n        "aria-label": "清除",\n        onClick: event',
  },
  {
    module: "@rc-component/select/es/hooks/useAllowClear.js",
    from: "allowClearConfig.label ?? 'Clear'",
    to: "allowClearConfig.label ?? '清除'",
  },
  {
    module: "@rc-component/input-number/es/StepHandler.js",
    from: "isUpAction ? 'Increase Value' : 'Decrease Value'",
    to: "isUpAction ? '增加' : '减少'",
  },
  {
    module: "@rc-component/tabs/es/TabNavList/TabNode.js",
    from: `\`Tab \${currentPosition} of \${tabCount}\``,
    to: `\`第 \${currentPosition} 个页签，共 \${tabCount} 个\``,
  },
];

/** Has libraries speak Chinese. A library that changed so that this would no more be so breaks the build. */
export function spoken(): Plugin {
  const silent = new Set(CHANGES);
  return {
    name: "spoken",
    apply: "build",
    transform(code, id) {
      const place = id.replaceAll("\\", "/");
      const change = CHANGES.find(
        ({ module, from }) => place.endsWith(`/node_modules/${module}`) && code.includes(from),
      );
      if (!change) return null;
      silent.delete(change);
      return { code: code.replace(change.from, change.to), map: null };
    },
    buildEnd(failed) {
      for (const { module } of failed ? [] : silent) this.error(`${module} says something else now: see spoken.ts`);
    },
  };
}
