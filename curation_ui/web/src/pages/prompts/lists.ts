/** Lists that are written one by one. */

/** With another one in a place. */
export function placed<T>(list: T[], place: number, one: T): T[] {
  return list.map((before, at) => (at === place ? one : before));
}

/** Without the one in a place. */
export function without<T>(list: T[], place: number): T[] {
  return list.filter((_, at) => at !== place);
}
