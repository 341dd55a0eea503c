/** Calls of the API: typed by the list of endpoints, failures in words that people can act on. */
import type { Endpoint } from "../../generated/endpoints";

type Parameters<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string | number } & Parameters<Rest>
  : unknown;
type Value = string | number | boolean | undefined;

/** What goes with a call: values of the path's parameters, the query, a body. */
export type Options<E extends string = string> = {
  path?: Parameters<E>;
  query?: Record<string, Value>;
  body?: unknown;
  signal?: AbortSignal;
};

/** What stands against a part of a request; `overtaken`: somebody else was quicker. */
export type Fault = { field: string; problem: string; overtaken: boolean };

/** An answer other than success; `message` is for people, `field` the part of the request it is about; `faults` are
 * all of them where there are several; `soonMs`: what is not ready yet will be worth asking for again then. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field = "",
    readonly wantsProof = false,
    readonly faults: Fault[] = [],
    readonly soonMs = 0,
  ) {
    super(message);
  }
}

const AWAY = "服务暂时无法连接，请检查网络后重试";
const PROOF = "insufficient_user_authentication";
const SOON_SECONDS = 3;
let csrf = "";
let prove: (() => Promise<boolean>) | undefined;

/** Remember what changes of a session that is kept by cookie must carry. */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Set who asks a person to prove again who they are; gives whether they did. */
export function setProver(prover: () => Promise<boolean>): void {
  prove = prover;
}

/** Call an endpoint, as `"GET /api/v1/…"`. Throws `Failure`. */
export async function ask<T, E extends Endpoint = Endpoint>(endpoint: E, options: Options<E> = {}): Promise<T> {
  const answer = await proven(endpoint, options);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** What an endpoint gives, as it is. Throws `Failure`. */
export async function bytes<E extends Endpoint>(endpoint: E, options: Options<E> = {}): Promise<ArrayBuffer> {
  return (await proven(endpoint, options)).arrayBuffer();
}

/** Fetch a file and have the browser save it under a name. Throws `Failure`. */
export async function save<E extends Endpoint>(endpoint: E, name: string, options: Options<E> = {}): Promise<void> {
  const answer = await proven(endpoint, options);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The address of an endpoint with its parameters filled in. */
export function address<E extends Endpoint>(endpoint: E, options: Options<E> = {}): string {
  const template = endpoint.slice(endpoint.indexOf(" ") + 1);
  const values = (options.path ?? {}) as Record<string, string | number>;
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const given = Object.entries(options.query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query ? `${path}?${query}` : path;
}

async function proven<E extends Endpoint>(endpoint: E, options: Options<E>): Promise<Response> {
  try {
    return await send(endpoint, options);
  } catch (error) {
    if (!(error instanceof Failure && error.wantsProof && prove && (await prove()))) throw error;
    return send(endpoint, options);
  }
}

async function send<E extends Endpoint>(endpoint: E, options: Options<E>): Promise<Response> {
  const method = endpoint.slice(0, endpoint.indexOf(" "));
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    if (csrf) headers["X-CSRF-Token"] = csrf;
  }
  const body = method === "GET" ? undefined : JSON.stringify(options.body ?? {});
  let answer: Response;
  try {
    answer = await fetch(address(endpoint, options), { method, headers, body, signal: options.signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Failure(0, AWAY);
  }
  if (!answer.ok) throw await failure(answer);
  return answer;
}

type Issue = { code?: string; details?: { text?: string }; diagnostics?: string; expression?: string[] };

/** In how many ms to ask again, where the service says that it is a matter of seconds; 0: it does not. */
function soon(answer: Response): number {
  const seconds = answer.status === 503 ? Number(answer.headers.get("retry-after")) : 0;
  return seconds <= SOON_SECONDS ? seconds * 1000 : 0;
}

async function failure(answer: Response): Promise<Failure> {
  const wantsProof = (answer.headers.get("www-authenticate") ?? "").includes(PROOF);
  const told = await answer.json().catch(() => undefined);
  const issues: Issue[] = told?.issue ?? [];
  const faults = issues.map(({ code, details, diagnostics, expression }) => ({
    field: expression?.[0] ?? "",
    problem: details?.text ?? diagnostics ?? "",
    overtaken: code === "conflict",
  }));
  const text = faults[0]?.problem || told?.detail || `请求未成功（${answer.status}）`;
  return new Failure(answer.status, String(text), faults[0]?.field, wantsProof, faults, soon(answer));
}
