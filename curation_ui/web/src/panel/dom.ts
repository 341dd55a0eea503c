/** Elements made from tag, class and children. */
export type Child = Node | string | number | null | undefined | false | Child[];

/** An element: `tag.class`, attributes (or listeners, by `onclick` …), children. */
export function h(kind: string, attributes: Record<string, unknown> = {}, ...children: Child[]): HTMLElement {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (typeof value === "function") made.addEventListener(name.slice(2), value as EventListener);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  add(made, children);
  return made;
}

function add(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) add(parent, child);
    else if (child instanceof Node) parent.appendChild(child);
    else if (child !== null && child !== undefined && child !== false) {
      parent.appendChild(document.createTextNode(String(child)));
    }
  }
}

/** Put children in place of what an element holds. */
export function fill(parent: HTMLElement, ...children: Child[]): void {
  parent.textContent = "";
  add(parent, children);
}

/** A list, each row a point. */
export function points(rows: Child[]): HTMLElement {
  return h(
    "ul",
    {},
    rows.map((row) => h("li", {}, row)),
  );
}

/** What there is of some words, with something between. */
export function joined(between: string, ...parts: unknown[]): string {
  return parts.filter(Boolean).join(between);
}

/** Something that opens on a click. */
export function fold(title: Child, ...children: Child[]): HTMLElement {
  return h("details", {}, h("summary", {}, title), ...children);
}
