/** On paper nothing can be unfolded: what is folded is open while it is printed. */
export function unfoldForPaper(): void {
  let unfolded: Element[] = [];
  window.addEventListener("beforeprint", () => {
    unfolded = [...unfolded, ...document.querySelectorAll("details:not([open])")];
    for (const one of unfolded) one.setAttribute("open", "");
  });
  window.addEventListener("afterprint", () => {
    for (const one of unfolded) one.removeAttribute("open");
    unfolded = [];
  });
}
