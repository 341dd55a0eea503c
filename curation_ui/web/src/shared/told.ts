/** What the controls of a page are set to, in the words they show. They are told where they cannot be seen: on paper. */

/** The class of what holds controls that say what is shown, rather than what is to be done. */
export const TOLD = "no-print told";

const SPAN = " 至 ";
const CONTROLS = ".told :is(input, [role=switch], [aria-current])";
type Said = { label: string; value: string };

/** Such as `期间：2026 年 10 月`; what is set to nothing is left out. */
export function told(frame: Element): string[] {
  const found = new Map<string, string[]>();
  for (const control of frame.querySelectorAll<HTMLElement>(CONTROLS)) {
    const { label, value } = said(control);
    if (value) found.set(label, [...(found.get(label) ?? []), value]);
  }
  return [...found].map(([label, values]) => [label, values.join(SPAN)].filter(Boolean).join("："));
}

function said(control: HTMLElement): Said {
  const label = control.getAttribute("aria-label") ?? "";
  if (!(control instanceof HTMLInputElement)) {
    const isSwitch = control.role === "switch";
    if (isSwitch) return { label: "", value: control.ariaChecked === "true" ? label : "" };
    return { label: named(control, "nav"), value: written(control) };
  }
  if (control.type === "checkbox" || control.type === "radio") {
    const group = control.type === "radio" ? named(control, "[role=radiogroup]") : "";
    return { label: group, value: control.checked ? written(control.closest("label")) : "" };
  }
  return { label: label || labelled(control), value: control.value.trim() || chosen(control) };
}

/** What the form calls a field; of a span of days its first one. */
function labelled(field: HTMLInputElement): string {
  const first = field.closest(".ant-picker-range")?.querySelector("input") ?? field;
  return written(first.labels?.[0]);
}

/** What a list to choose from shows beside its field. */
function chosen(field: HTMLInputElement): string {
  const list = field.closest(".ant-select");
  const several = [...(list?.querySelectorAll(".ant-select-selection-item") ?? [])];
  if (several.length) return several.map(written).join("、");
  return written(list?.querySelector(".ant-select-content-has-value"));
}

function named(control: Element, by: string): string {
  return control.closest(by)?.getAttribute("aria-label") ?? "";
}

function written(element: Element | null | undefined): string {
  return element?.textContent?.trim() ?? "";
}
