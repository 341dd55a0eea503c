/** Who did what and when. Nothing is asked before somebody says what they look for: looking is recorded. */
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Institution } from "../../shared/institution";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import { who } from "../../shared/words";
import "./audit.css";
import { Search } from "./Search";
import { TEXTS } from "./texts";
import type { Event, Listed } from "./types";

const AUDIT = "GET /api/v1/audit";
const PAGE_ROWS = 100;
const EXACT = "YYYY-MM-DD HH:mm:ss";

export default function Audit(): ReactNode {
  const [asked, ask] = useSearchParams();
  const query = { ...Object.fromEntries(asked), limit: PAGE_ROWS };
  const events = useAsked<Listed, typeof AUDIT>(AUDIT, { query }, { enabled: asked.size > 0, staleMs: 60_000 });
  const turn = (before: number | null): void => {
    if (before) asked.set("before", String(before));
    else asked.delete("before");
    ask(asked);
  };
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <Search asked={asked} seek={(sought) => ask(sought)} />
      {asked.size ? (
        <Asked query={events} isEmpty={(found) => !found.events.length} empty={TEXTS.none}>
          {(found) => (
            <>
              <Table events={found.events} />
              <Pager
                earlier={asked.has("before")}
                later={found.next !== null}
                first={() => turn(null)}
                next={() => turn(found.next)}
              />
            </>
          )}
        </Asked>
      ) : null}
    </Frame>
  );
}

function Table({ events }: { events: Event[] }): ReactNode {
  return (
    <Rows<Event>
      rowKey="number"
      dataSource={events}
      pagination={false}
      columns={[
        { title: TEXTS.at, render: (_, one) => dayjs(one.at).format(EXACT) },
        { title: TEXTS.actor, render: (_, { actor }) => who(actor) },
        { title: TEXTS.act, render: (_, { act, actTitle }) => <span title={act}>{actTitle ?? act}</span> },
        { title: TEXTS.subject, dataIndex: "subject" },
        { title: TEXTS.tenant, render: (_, one) => <Institution {...one} /> },
        { title: TEXTS.source, dataIndex: "source" },
        { title: TEXTS.why, render: (_, { why, whyTitle }) => <span title={why}>{whyTitle ?? why}</span> },
        { title: TEXTS.detail, render: (_, one) => <Details {...one} /> },
      ]}
    />
  );
}

function Details({ detail, details = [] }: Event): ReactNode {
  if (!detail) return null;
  return (
    <>
      {details.map(({ title, text }) => `${title}：${text}`).join("；")}
      <details>
        <summary className="muted">{TEXTS.raw}</summary>
        <code>{JSON.stringify(detail)}</code>
      </details>
    </>
  );
}
