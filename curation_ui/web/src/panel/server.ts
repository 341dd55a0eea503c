/** Calls of the API with the panel's token. */
import { T } from "./texts";

const KEPT = "yigong.panel";
const BASE = "/api/v1/";

/** The token of this window: from the address, which it is taken out of, or from before a reload. */
export const TOKEN = taken();

export type Refusal = { status: number; text: string };

/** Ask; what comes back is told to one of both. */
export function ask<T>(path: string, body: unknown, done: (answer: T) => void, failed: (why: Refusal) => void): void {
  const request = opened(path, body);
  request.onload = () => {
    const { status, responseText } = request;
    if (status < 300) done(JSON.parse(responseText) as T);
    else failed({ status, text: reason(responseText) || `${T.failed}（${status}）` });
  };
  request.onerror = () => failed({ status: 0, text: T.away });
  send(request, body);
}

/** Ask for an answer that comes in parts (server-sent events); `done` when it ended. */
export function listen(
  path: string,
  body: unknown,
  part: (event: string, data: unknown) => void,
  done: () => void,
): void {
  const request = opened(path, body);
  let read = 0;
  const take = (): void => {
    for (let end = next(); end >= 0; end = next()) {
      const block = request.responseText.slice(read, end);
      read = end + 2;
      const event = /^event: (.*)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (event && data) part(event[1] as string, JSON.parse(data[1] as string));
    }
  };
  const next = (): number => request.responseText.indexOf("\n\n", read);
  request.onprogress = take;
  request.onload = () => {
    take();
    if (request.status >= 300) part("error", { text: reason(request.responseText) });
    done();
  };
  request.onerror = () => {
    part("error", { text: T.away });
    done();
  };
  send(request, body);
}

/** Be told what happens to the patient, by the name of the event. A stream that was cut is taken up again, and then `missed` is called:
 * within a minute, so that thousands of panels do not read at once. */
export function watch(told: Record<string, () => void>, missed: () => unknown, cut = false): void {
  const again = (): number => window.setTimeout(() => watch(told, missed, true), 5_000 + Math.random() * 10_000);
  ask<{ ticket: string }>(
    "panel/ticket",
    {},
    ({ ticket }) => {
      const source = new EventSource(`${BASE}panel/events?ticket=${ticket}`);
      for (const event of Object.keys(told)) source.addEventListener(event, told[event] as () => void);
      if (cut) window.setTimeout(missed, Math.random() * 60_000);
      source.onerror = () => {
        source.close();
        again();
      };
    },
    ({ status }) => status !== 401 && again(),
  );
}

function opened(path: string, body: unknown): XMLHttpRequest {
  const request = new XMLHttpRequest();
  request.open(body === undefined ? "GET" : "POST", BASE + path);
  request.setRequestHeader("Authorization", `Bearer ${TOKEN}`);
  request.setRequestHeader("Content-Type", "application/json");
  return request;
}

function send(request: XMLHttpRequest, body: unknown): void {
  request.send(body === undefined ? null : JSON.stringify(body));
}

/** Why something was refused, as the service says it; empty when something else answered. */
function reason(answer: string): string {
  try {
    return JSON.parse(answer).issue[0].details.text;
  } catch {
    return "";
  }
}

function taken(): string {
  const given = location.hash.slice(1);
  if (given) history.replaceState(null, "", location.pathname + location.search);
  try {
    if (given) sessionStorage.setItem(KEPT, given);
    return given || sessionStorage.getItem(KEPT) || "";
  } catch {
    return given; // a browser that keeps nothing for frames of others: a reload needs a new launch
  }
}
