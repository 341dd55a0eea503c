/** How often the page asks anew. */
export const REFRESH_MS = 15_000;
