/** Messages of the exchange, those that were given up first of all; one is followed by its number. */
import { Button, Flex, Input, Segmented, Tag } from "antd";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useAsked } from "../../shared/asking";
import { Institution } from "../../shared/institution";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { moment } from "../../shared/words";
import { REFRESH_MS } from "./refresh";
import { TEXTS } from "./texts";
import type { Message } from "./types";

const MESSAGES = "GET /api/v1/exchange/messages";
const PAGE_ROWS = 50;
const STATES = Object.entries(TEXTS.states).map(([value, label]) => ({ value, label }));
const COLOURS: Record<Message["state"], string | undefined> = {
  dead: "red",
  waiting: "orange",
  done: "green",
  closed: undefined,
};

export function Messages(): ReactNode {
  const navigate = useNavigate();
  const [asked, ask] = useSearchParams();
  const state = asked.get("state") ?? "dead";
  const before = asked.get("before") ?? undefined;
  const query = { state, before, limit: PAGE_ROWS };
  const messages = useAsked<{ messages: Message[] }, typeof MESSAGES>(MESSAGES, { query }, { every: REFRESH_MS });
  const follow = (id: string): void =>
    void (id.trim() && navigate(`/systems/messages/${encodeURIComponent(id.trim())}`));
  return (
    <>
      <Flex gap={8} wrap className={`systems-filters ${TOLD}`}>
        <Segmented
          aria-label={TEXTS.messageState}
          options={STATES}
          value={state}
          onChange={(chosen) => ask({ state: chosen })}
        />
        <Input.Search className="systems-find" aria-label={TEXTS.find} placeholder={TEXTS.find} onSearch={follow} />
      </Flex>
      <Asked query={messages} isEmpty={(found) => !found.messages.length} empty={TEXTS.noMessages}>
        {(found) => <Table messages={found.messages} />}
      </Asked>
      <Turning
        older={messages.data?.messages.length === PAGE_ROWS ? messages.data.messages.at(-1)?.number : undefined}
        newest={before ? () => ask({ state }) : undefined}
        turn={(number) => ask({ state, before: String(number) })}
      />
    </>
  );
}

function Table({ messages }: { messages: Message[] }): ReactNode {
  return (
    <Rows<Message>
      rowKey="id"
      dataSource={messages}
      pagination={false}
      columns={[
        { title: TEXTS.message, render: (_, one) => <Link to={`/systems/messages/${one.id}`}>{one.messageId}</Link> },
        { title: TEXTS.institution, render: (_, one) => <Institution {...one} /> },
        {
          title: TEXTS.standard,
          render: (_, one) => [TEXTS.standards[one.standard] ?? one.standard, one.kind].filter(Boolean).join(" "),
        },
        { title: TEXTS.received, render: (_, one) => moment(one.received) },
        { title: TEXTS.attempts, align: "right", dataIndex: "attempts" },
        { title: TEXTS.state, render: (_, one) => <MessageState message={one} /> },
        {
          title: TEXTS.why,
          render: (_, { dead }) => (dead ? [dead.title, dead.field].filter(Boolean).join(" · ") : ""),
        },
      ]}
    />
  );
}

/** Where a message stands. */
export function MessageState({ message }: { message: Message }): ReactNode {
  return <Tag color={COLOURS[message.state]}>{TEXTS.states[message.state]}</Tag>;
}

type TurningProps = { older: number | undefined; newest: (() => void) | undefined; turn: (before: number) => void };

function Turning({ older, newest, turn }: TurningProps): ReactNode {
  if (older === undefined && !newest) return null;
  return (
    <Flex gap={8} className="no-print">
      <Button disabled={!newest} onClick={newest}>
        {TEXTS.newest}
      </Button>
      <Button disabled={older === undefined} onClick={() => older !== undefined && turn(older)}>
        {TEXTS.older}
      </Button>
    </Flex>
  );
}
