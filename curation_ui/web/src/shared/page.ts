/** What a page declares of itself, in `src/pages/<name>/page.ts`, ending in `PAGE`. */
import type { ComponentType } from "react";
import type { Session } from "./session";

/** Parts of the navigation, in their order. */
export const GROUPS = ["诊疗", "药事", "知识", "监管", "管理"] as const;

export type Page = {
  /** Below `/ui/`; the page has all paths under it to itself (`queue` has `/ui/queue/…`). */
  path: string;
  title: string;
  /** One line for the overview: what one does here. */
  about: string;
  group: (typeof GROUPS)[number];
  /** Place within the group. */
  order: number;
  icon: ComponentType;
  /** Shown to those who may do one of these. */
  permissions: string[];
  /** Other pages lead to it: it stands in no menu. */
  linked?: boolean;
  /** Fills the window, without navigation (wall screens). */
  bare?: boolean;
  /** `ahead` asks for what the page shows first, when somebody begins with it: drawn once, with that in it. */
  load: () => Promise<{ default: ComponentType; ahead?: (session: Session) => Promise<unknown> }>;
};
