/** Every page there is: the folders of `src/pages`. */
import type { ComponentType } from "react";
import { askAhead } from "../shared/asking";
import { GROUPS, type Page } from "../shared/page";
import type { Session } from "../shared/session";
import { ahead } from "./Tour";

const found = import.meta.glob<Page>("../pages/*/page.ts", { eager: true, import: "PAGE" });

export const PAGES: readonly Page[] = Object.values(found).sort(
  (a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || a.order - b.order,
);

/** The pages that are loaded already, by path. */
export const READY = new Map<string, ComponentType>();

/** Those that somebody with these permissions may open. */
export function open(permissions: readonly string[]): Page[] {
  return PAGES.filter((page) => page.permissions.some((one) => permissions.includes(one)));
}

/** Those of a part of the navigation. */
export function listed(pages: readonly Page[], group: Page["group"]): Page[] {
  return pages.filter((page) => page.group === group && !page.linked);
}

/** Load the page that an address leads to and what it asks first when the address asks for nothing more, while it
 * is still asked who is there and the window is drawn. What fails is asked anew, and told, by the page itself. */
export async function loadAhead({ pathname, search }: Location): Promise<void> {
  const [, , path = "", ...below] = pathname.split("/");
  const page = PAGES.find((one) => one.path === path);
  const plain = !search && !below.join("");
  const asked = askAhead<Session>("GET /api/v1/session");
  const loaded = await page?.load().catch(() => undefined);
  if (page && loaded) READY.set(page.path, loaded.default);
  const session = await asked;
  if (!session || session.blocked) return;
  if (!page) ahead(session);
  else if (plain && open(session.permissions).includes(page)) await loaded?.ahead?.(session);
}
