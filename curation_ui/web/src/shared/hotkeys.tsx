/** Keys that do something, and the list of them that `?` shows. */
import { Descriptions, Modal } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";

export type Hotkey = { key: string; title: string; run: () => void; disabled?: boolean };

/** How long nothing is pressed, after a dialog, before keys work again. */
const QUIET_MS = 500;
const DIALOGS = "[aria-modal=true], .ant-popconfirm";
const TYPED_INTO = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable=true], .ant-select";
/** What a radio or a checkbox does with a key itself. */
const OF_CHOICES = [" ", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

let restsUntil = 0;
const known = new Set<{ current: Hotkey[] }>();
const RESTS = "对话框打开时快捷键不起作用，关闭后停手半秒即恢复。";
const HELP: Hotkey = { key: "?", title: "显示本页快捷键", run: () => undefined };
const SHOWN: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "空格" };

/** Keys that work while the component is shown, nobody types into a field and no dialog is open. Once a dialog is closed
 * they rest until nothing was pressed for a while: words that were meant for it decide nothing. A key that is held down
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
    <Modal open={keys.length > 0} title="快捷键" footer={RESTS} onCancel={() => setKeys([])}>
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

for (const kind of ["keydown", "keyup", "click"] as const) window.addEventListener(kind, restOrNot, true);

/** Whatever is pressed or clicked in a dialog, the closing of it too, and keys that follow closely, let the keys rest. */
function restOrNot(event: Event): void {
  const follows = event.type === "keydown" && event.timeStamp < restsUntil;
  if (follows || isDialogOpen()) restsUntil = event.timeStamp + QUIET_MS;
}

function isDialogOpen(): boolean {
  return [...document.querySelectorAll(DIALOGS)].some((dialog) => dialog.getClientRects().length > 0);
}

function free(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return false;
  if (event.timeStamp < restsUntil || isDialogOpen()) return false;
  const at = event.target;
  if (!(at instanceof Element)) return true;
  return !at.closest(TYPED_INTO) && !(at.matches("input") && OF_CHOICES.includes(event.key));
}
