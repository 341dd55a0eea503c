/** Whoever comes in logs in, does what they must do first, and finds the pages they may use. */
import { Watermark } from "antd";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { useAsked } from "../shared/asking";
import { setCsrf } from "../shared/client";
import { type Session, SessionProvider } from "../shared/session";
import { Asked, Loading } from "../shared/states";
import { Proof } from "./Proof";
import { Shell } from "./Shell";
import type { Mode } from "./theme";

const First = lazy(() => import("./First").then(({ First }) => ({ default: First })));
const Login = lazy(() => import("./Login").then(({ Login }) => ({ default: Login })));

export type Look = { mode: Mode; setMode: (mode: Mode) => void };

export function Entrance(look: Look): ReactNode {
  const session = useAsked<Session>("GET /api/v1/session", {}, { staleMs: 60_000, again: false });
  const csrf = session.data?.csrf ?? "";
  setCsrf(csrf);
  useEffect(() => setCsrf(csrf), [csrf]);
  return (
    <Suspense fallback={<Loading />}>
      {session.error?.status === 401 ? (
        <Login />
      ) : (
        <Asked query={session}>{(found) => <Inside session={found} {...look} />}</Asked>
      )}
    </Suspense>
  );
}

function Inside({ session, ...look }: { session: Session } & Look): ReactNode {
  if (session.blocked) return <First session={session} />;
  return (
    <SessionProvider value={session}>
      <Marked session={session}>
        <Shell {...look} />
      </Marked>
      <Proof />
    </SessionProvider>
  );
}

/** People who logged in see on every page whose window it is; drawing that takes a while, so nobody else waits. */
function Marked({ session, children }: { session: Session; children: ReactNode }): ReactNode {
  if (session.kind !== "account") return children;
  const { name, institution, time, code } = session.watermark;
  return (
    <Watermark
      content={[`${name} ${institution}`, `${time.slice(0, 16)} ${code}`]}
      className="marked"
      style={{ overflow: "visible" }}
      gap={[160, 140]}
      font={{ color: "rgba(128,128,128,0.12)", fontSize: 13 }}
    >
      {children}
    </Watermark>
  );
}
