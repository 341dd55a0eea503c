/** Keys that do something, and the list of them that `?` shows. */
import { Descriptions, Modal } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";

export type Hotkey = { key: string; title: string; run: () => void; disabled?: boolean };

const known = new Set<{ current: Hotkey[] }>();
const HELP: Hotkey = { key: "?", title: "显示本页快捷键", run: () => undefined };
const SHOWN: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "空格" };

/** Keys that work while the component is shown, nobody types into a field and no dialog is open. A key that is held down
 * counts once: what it decided is not decided for the next one too. */
export function useHotkeys(keys: Hotkey[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const found = free(event) && latest.current.find((one) => one.key === event.key && !one.disabled);
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    known.add(latest);
    window.addEventListener("keydown", pressed);
    return () => {
      known.delete(latest);
      window.removeEventListener("keydown", pressed);
    };
  }, []);
}

/** The window that lists the keys of whatever is shown. */
export function HotkeyHelp(): ReactNode {
  const [keys, setKeys] = useState<Hotkey[]>([]);
  useHotkeys([{ ...HELP, run: () => setKeys([HELP, ...[...known].flatMap((one) => one.current.slice())]) }]);
  const shown = [...new Map(keys.map((one) => [one.key, one])).values()];
  return (
    <Modal open={keys.length > 0} title="快捷键" footer={null} onCancel={() => setKeys([])}>
      <Descriptions
        column={1}
        bordered
        size="small"
        items={shown.map((one) => ({
          key: one.key,
          label: <kbd>{SHOWN[one.key] ?? one.key}</kbd>,
          children: one.title,
        }))}
      />
    </Modal>
  );
}

function isShown(dialog: Element): boolean {
  return dialog.getClientRects().length > 0;
}

function free(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return false;
  const at = event.target as HTMLElement | null;
  const dialogs = [...document.querySelectorAll("[aria-modal=true]")];
  return !at?.closest("input, textarea, select, [contenteditable=true], .ant-select") && !dialogs.some(isShown);
}
