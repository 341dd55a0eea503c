/** CodeMirror's view of two texts, in a chunk of its own. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
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
