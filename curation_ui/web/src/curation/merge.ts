/** CodeMirror's view of two texts, in a chunk of its own. */
import { MergeView, presentableDiff, unifiedMergeView } from "@codemirror/merge";
import { EditorView, minimalSetup } from "codemirror";

const LABEL = "文字对比";
const READING = [
  minimalSetup,
  EditorView.editable.of(false),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ "aria-label": LABEL, tabindex: "0" }),
];

/** Show two texts in a place; gives what takes them away. */
export function show(parent: HTMLElement, before: string, after: string, wide: boolean): () => void {
  if (wide) {
    const view = new MergeView({
      a: { doc: before, extensions: READING },
      b: { doc: after, extensions: READING },
      parent,
    });
    return () => view.destroy();
  }
  const below = unifiedMergeView({ original: before, mergeControls: false });
  const view = new EditorView({ doc: after, extensions: [READING, below], parent });
  return () => view.destroy();
}

/** Write both texts side by side without an editor, which draws only what it has measured on the screen: for paper. */
export function write(parent: HTMLElement, before: string, after: string): () => void {
  const changes = presentableDiff(before, after);
  parent.replaceChildren(
    marked(
      "del",
      before,
      changes.map(({ fromA, toA }) => [fromA, toA]),
    ),
    marked(
      "ins",
      after,
      changes.map(({ fromB, toB }) => [fromB, toB]),
    ),
  );
  return () => parent.replaceChildren();
}

function marked(as: "del" | "ins", text: string, spans: [number, number][]): HTMLElement {
  const side = document.createElement("div");
  let at = 0;
  for (const [from, to] of spans) {
    const mark = document.createElement(as);
    mark.append(text.slice(from, to));
    side.append(text.slice(at, from), mark);
    at = to;
  }
  side.append(text.slice(at));
  return side;
}
