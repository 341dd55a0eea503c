/** Every page there is: the folders of `src/pages`. */
import { GROUPS, type Page } from "../shared/page";

const found = import.meta.glob<Page>("../pages/*/page.ts", { eager: true, import: "PAGE" });

export const PAGES: readonly Page[] = Object.values(found).sort(
  (a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || a.order - b.order,
);

/** Those that somebody with these permissions may open. */
export function open(permissions: readonly string[]): Page[] {
  return PAGES.filter((page) => page.permissions.some((one) => permissions.includes(one)));
}

/** Begin to load the page that an address leads to, while it is still asked who is there. */
export function loadAhead(address: string): void {
  const here = address.split("/")[2];
  void PAGES.find(({ path }) => path === here)?.load();
}
