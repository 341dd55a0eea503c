/** On paper nothing can be unfolded: what is folded is open while it is printed. `begins` is told before. */
export function unfoldForPaper(begins: () => void = () => undefined): void {
  let unfolded: Element[] = [];
  window.addEventListener("beforeprint", () => {
    begins();
    unfolded = [...unfolded, ...Array.from(document.querySelectorAll("details:not([open])"))];
    for (const one of unfolded) one.setAttribute("open", "");
  });
  window.addEventListener("afterprint", () => {
    for (const one of unfolded) one.removeAttribute("open");
    unfolded = [];
  });
}
