/** What is shown stands in the address: it is there after a reload, and whoever is sent it sees the same. */
import { useSearchParams } from "react-router";

type Changes = Record<string, string | number | undefined>;

/** What the address asks for, and how to ask for something else, in its place or (`replace` false) as a step that one
 * may go back from; what is empty stands there no more. What was asked a moment ago and is not drawn yet stays: a
 * change begins with the address as it stands, not as it was drawn. */
export function useAddress(replace = true): [URLSearchParams, (changed: Changes) => void] {
  const [asked, give] = useSearchParams();
  const change = (changed: Changes): void => {
    const next = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(changed)) {
      if (value) next.set(name, String(value));
      else next.delete(name);
    }
    give(next, { replace });
  };
  return [asked, change];
}

/** A whole number of the address, from one on. */
export function counted(asked: URLSearchParams, name: string, usual: number): number {
  const given = Number(asked.get(name));
  return Number.isInteger(given) && given > 0 ? given : usual;
}
