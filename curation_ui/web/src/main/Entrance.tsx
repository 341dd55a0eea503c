/** Whoever comes in logs in, does what they must do first, and finds the pages they may use. */
import { Watermark } from "antd";
import { type ReactNode, useEffect } from "react";
import { useAsked } from "../shared/asking";
import { setCsrf } from "../shared/client";
import { type Session, SessionProvider } from "../shared/session";
import { Asked } from "../shared/states";
import { First } from "./First";
import { Login } from "./Login";
import { Proof } from "./Proof";
import { Shell } from "./Shell";
import type { Mode } from "./theme";

export type Look = { mode: Mode; setMode: (mode: Mode) => void };

export function Entrance(look: Look): ReactNode {
  const session = useAsked<Session>("GET /api/v1/session", {}, { staleMs: 60_000 });
  const csrf = session.data?.csrf ?? "";
  setCsrf(csrf);
  useEffect(() => setCsrf(csrf), [csrf]);
  if (session.error?.status === 401) return <Login />;
  return <Asked query={session}>{(found) => <Inside session={found} {...look} />}</Asked>;
}

function Inside({ session, ...look }: { session: Session } & Look): ReactNode {
  if (session.blocked) return <First session={session} />;
  const { name, institution, time, code } = session.watermark;
  const marks = session.kind === "account" ? [`${name} ${institution}`, `${time.slice(0, 16)} ${code}`] : "";
  return (
    <SessionProvider value={session}>
      <Watermark
        content={marks}
        style={{ overflow: "visible" }}
        gap={[160, 140]}
        font={{ color: "rgba(128,128,128,0.12)", fontSize: 13 }}
      >
        <Shell {...look} />
      </Watermark>
      <Proof />
    </SessionProvider>
  );
}
