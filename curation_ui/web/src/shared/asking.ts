/** What pages ask of the API, kept and shared between components. */
import {
  keepPreviousData,
  QueryCache,
  QueryClient,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
} from "@tanstack/react-query";
import { App } from "antd";
import { useEffect, useRef } from "react";
import type { Endpoint } from "../../generated/endpoints";
import { ask, bytes, Failure, type Options, save } from "./client";

/** How often what will be ready soon is asked for: a search index takes minutes at most to be built. */
const WAITING = 150;
const soonMs = (error: unknown): number => (error instanceof Failure ? error.soonMs : 0);
const SESSION: Endpoint = "GET /api/v1/session";

/** The one cache of a window. What was refused is not asked again by itself; who is logged in is, when a session ended
 * meanwhile. */
export const CACHE = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      const ended = error instanceof Failure && error.status === 401 && !error.wantsProof;
      if (ended && query.queryKey[0] !== SESSION) void refresh(SESSION);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) =>
        count < (soonMs(error) ? WAITING : 2) &&
        (!(error instanceof Failure) || error.status === 0 || error.status >= 500),
      retryDelay: (count, error) => soonMs(error) || Math.min(1_000 * 2 ** count, 30_000),
    },
  },
});

type Keeping<T> = {
  every?: number | ((answer: T | undefined) => number | false);
  enabled?: boolean;
  keep?: boolean;
  staleMs?: number;
  again?: boolean;
};

/** An answer of the API, loading, failed or there. `every` asks again after so many ms; `keep` shows the one before
 * while another is loaded; without `again` a failure stands until somebody asks anew. */
export function useAsked<T, E extends Endpoint = Endpoint>(
  endpoint: E,
  options: Options<E> = {},
  keeping: Keeping<T> = {},
): UseQueryResult<T, Failure> {
  const { every } = keeping;
  return useQuery<T, Failure>({
    queryKey: [endpoint, options],
    queryFn: ({ signal }) => ask<T, E>(endpoint, { ...options, signal }),
    refetchInterval: typeof every === "function" ? ({ state }) => every(state.data) : every,
    enabled: keeping.enabled,
    staleTime: keeping.staleMs,
    retryOnMount: keeping.again,
    placeholderData: keeping.keep ? keepPreviousData : undefined,
  });
}

/** What an endpoint gives as it is: asked once while it is looked at, and kept no longer. */
export function useBytes<E extends Endpoint>(endpoint: E, options: Options<E>): UseQueryResult<ArrayBuffer, Failure> {
  return useQuery<ArrayBuffer, Failure>({
    queryKey: [endpoint, options],
    queryFn: ({ signal }) => bytes(endpoint, { ...options, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

/** Load an answer before it is looked at. Whoever looks asks anew, and sees why, when that failed. */
export function askAhead<T, E extends Endpoint = Endpoint>(
  endpoint: E,
  options: Options<E> = {},
  staleMs = 30_000,
): Promise<T | undefined> {
  const asked = CACHE.fetchQuery({
    queryKey: [endpoint, options],
    queryFn: () => ask<T, E>(endpoint, options),
    staleTime: staleMs,
  });
  return asked.catch(() => undefined);
}

/** Have what was asked of these endpoints asked again. */
export async function refresh(...endpoints: Endpoint[]): Promise<void> {
  await Promise.all(endpoints.map((endpoint) => CACHE.invalidateQueries({ queryKey: [endpoint] })));
}

/** A change that is made when somebody says so; a failure is shown, and what it touches asked anew. `done` hears what
 * came of it at once, even when what it was asked from is no longer shown. */
export function useTelling<T, E extends Endpoint = Endpoint>(
  endpoint: E,
  touches: Endpoint[] = [],
  done: (made: T) => void = () => undefined,
): UseMutationResult<T, Failure, Options<E>> {
  const { message } = App.useApp();
  return useMutation<T, Failure, Options<E>>({
    mutationFn: (options) => ask<T, E>(endpoint, options),
    onSuccess: (made) => done(made),
    onError: (error) => void message.error(error.message),
    onSettled: () => refresh(...touches),
  });
}

/** Fetches a file when somebody says so, and has the browser save it; a failure is shown. */
export function useSaving(): typeof save {
  const { message } = App.useApp();
  return (endpoint, name, options) =>
    save(endpoint, name, options).catch((error: Failure) => void message.error(error.message));
}

/** Server-sent events of a path while the component is shown; the browser reconnects by itself. */
export function useEvents(path: string, event: string, told: (data: unknown) => void): void {
  const latest = useRef(told);
  latest.current = told;
  useEffect(() => {
    const source = new EventSource(path);
    source.addEventListener(event, (e) => latest.current(JSON.parse((e as MessageEvent<string>).data)));
    return () => source.close();
  }, [path, event]);
}
