/** The rounds, and drawing another. */
import { Button, Progress, Tag } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { askAhead, useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { day } from "../../shared/words";
import { Drawing } from "./Drawing";
import { TEXTS } from "./texts";
import type { Round } from "./types";

const ROUNDS = "GET /api/v1/comments/rounds";
const ASKED = { query: { limit: 200 } };

export const ahead = (): Promise<unknown> => askAhead(ROUNDS, ASKED);

export function Rounds(): ReactNode {
  const [drawing, draw] = useState(false);
  const rounds = useAsked<{ rounds: Round[] }>(ROUNDS, ASKED);
  const button = (
    <Button type="primary" onClick={() => draw(true)}>
      {TEXTS.draw}
    </Button>
  );
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={useMay("comment.lead") ? button : null} printable>
      <Asked query={rounds} isEmpty={(found) => !found.rounds.length} empty={TEXTS.none}>
        {(found) => <List rounds={found.rounds} />}
      </Asked>
      {drawing ? <Drawing close={() => draw(false)} /> : null}
    </Frame>
  );
}

function List({ rounds }: { rounds: Round[] }): ReactNode {
  return (
    <Rows<Round>
      rowKey="id"
      dataSource={rounds}
      columns={[
        { title: TEXTS.name, render: (_, one) => <Link to={one.id}>{one.name}</Link> },
        { title: TEXTS.kind, dataIndex: "kind" },
        { title: TEXTS.span, render: (_, one) => `${day(one.since)} — ${day(lastOf(one))}` },
        { title: TEXTS.progress, render: (_, one) => <Done round={one} /> },
        { title: TEXTS.status, render: (_, one) => <Tag>{TEXTS.statuses[one.status] ?? one.status}</Tag> },
        { title: TEXTS.by, dataIndex: "createdBy" },
      ]}
    />
  );
}

/** A moment of the last day: `until` is the first that no longer counts. */
function lastOf({ until }: Round): string {
  return dayjs(until).subtract(1, "second").toISOString();
}

function Done({ round }: { round: Round }): ReactNode {
  const { judged = 0, sampled = 0 } = round;
  return (
    <Progress
      size="small"
      percent={sampled ? Math.round((100 * judged) / sampled) : 0}
      format={() => `${judged}/${sampled}`}
      aria-label={TEXTS.progress}
    />
  );
}
