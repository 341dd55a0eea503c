/** The part that is shown, on paper: everything folded opened, and when it was printed. */
import { unfoldForPaper } from "../shared/printing";
import { fill, h } from "./dom";
import { T } from "./texts";

const WAIT_MS = 1000;

/** The button that prints, and the line of when, which only paper shows. A frame that may not print (sandboxed without
 * `allow-modals`) does nothing: that is `told`. */
export function printing(told: (text: string) => void): HTMLElement[] {
  const when = h("p.printed");
  let begun = false;
  unfoldForPaper(() => {
    begun = true;
    fill(when, T.printed + new Date().toLocaleString("zh-CN"));
  });
  const print = (): void => {
    begun = false;
    window.print();
    window.setTimeout(() => begun || told(T.noPrint), WAIT_MS);
  };
  return [h("button.print", { onclick: print }, T.print), when];
}
