/** What waits for review: a list, and the difference that each would make. */
import { Button, Checkbox, Flex, Input, Tag, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { Diff } from "../../curation/Diff";
import { useHistory } from "../../curation/History";
import { Person, usePerson } from "../../curation/person";
import { placeOf } from "../../curation/records";
import { useStep } from "../../curation/steps";
import type { Found, Page, Revision, Whole } from "../../curation/types";
import { useVocabulary, vocabularyAhead } from "../../curation/vocabulary";
import { askAhead, useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useHotkeys } from "../../shared/hotkeys";
import { useSession } from "../../shared/session";
import { useSettled } from "../../shared/settled";
import { Asked, Nothing } from "../../shared/states";
import { Pager } from "../../shared/table";
import { moment, who } from "../../shared/words";
import "./review.css";
import { TEXTS } from "./texts";

const READ = "GET /api/v1/curation/records/{kind}/{record_id}";

const LIST = "GET /api/v1/curation/records";
const waitingAfter = (after: string) => ({ query: { status: "submitted", after, limit: 100 } });

export const ahead = (): Promise<unknown> => Promise.all([askAhead(LIST, waitingAfter("")), vocabularyAhead()]);

export default function Review(): ReactNode {
  const [after, turn] = useState("");
  const waiting = useAsked<Page>(LIST, waitingAfter(after), { every: 20_000 });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Person />} printable>
      <Asked query={waiting} isEmpty={(found) => !found.records.length && !after} empty={TEXTS.none}>
        {(found) => (
          <>
            <Pager
              earlier={after !== ""}
              later={found.next !== ""}
              first={() => turn("")}
              next={() => turn(found.next)}
            />
            <Desk key={after} records={found.records} />
          </>
        )}
      </Asked>
    </Frame>
  );
}

function Desk({ records }: { records: Found[] }): ReactNode {
  const [key, choose] = useState("");
  const [marked, mark] = useState<string[]>([]);
  const at = Math.max(
    0,
    records.findIndex((one) => keyOf(one) === key),
  );
  const chosen = records[at];
  const step = (by: number): void => {
    const next = records[Math.min(records.length - 1, Math.max(0, at + by))];
    if (next) choose(keyOf(next));
  };
  useHotkeys([
    { key: "j", title: TEXTS.keys.next, run: () => step(1) },
    { key: "k", title: TEXTS.keys.previous, run: () => step(-1) },
  ]);
  return (
    <div className="review">
      <nav aria-label={TEXTS.waiting} className="review-list">
        <Many records={records.filter((one) => marked.includes(keyOf(one)))} done={() => mark([])} />
        <ul>
          {records.map((one) => (
            <Entry
              key={keyOf(one)}
              one={one}
              current={one === chosen}
              choose={() => choose(keyOf(one))}
              marked={marked.includes(keyOf(one))}
              mark={(on) => mark(on ? [...marked, keyOf(one)] : marked.filter((each) => each !== keyOf(one)))}
            />
          ))}
        </ul>
      </nav>
      <section className="review-body" aria-label={TEXTS.now}>
        {chosen ? <Judging key={keyOf(chosen)} one={chosen} /> : <Nothing text={TEXTS.choose} />}
      </section>
    </div>
  );
}

function Many({ records, done }: { records: Found[]; done: () => void }): ReactNode {
  const { take, busy } = useStep(done);
  const { missing } = usePerson();
  if (!records.length) return null;
  return (
    <Button block disabled={busy || missing} onClick={() => take("approve", records)}>
      {TEXTS.marked} {records.length}
    </Button>
  );
}

type EntryProps = {
  one: Found;
  current: boolean;
  choose: () => void;
  marked: boolean;
  mark: (on: boolean) => void;
};

function Entry({ one, current, choose, marked, mark }: EntryProps): ReactNode {
  const { records } = useVocabulary();
  return (
    <li>
      <Checkbox
        checked={marked}
        onChange={(event) => mark(event.target.checked)}
        aria-label={`${TEXTS.mark} ${one.title}`}
      />
      <button type="button" className="pick" aria-current={current} onClick={choose}>
        <Tag variant="outlined">{records[one.kind] ?? one.kind}</Tag>
        <span>{one.title}</span>
        <Typography.Text type="secondary">
          {who(one.by)} · {moment(one.at)}
        </Typography.Text>
      </button>
    </li>
  );
}

function Judging({ one }: { one: Found }): ReactNode {
  const path = { kind: one.kind, record_id: one.id };
  const whole = useAsked<Whole, typeof READ>(READ, { path });
  const history = useHistory(one.kind, one.id);
  return (
    <Asked query={whole}>
      {(record) => (
        <Asked query={history}>{({ revisions }) => <Compared record={record} revisions={revisions} />}</Asked>
      )}
    </Asked>
  );
}

function Compared({ record, revisions }: { record: Whole; revisions: Revision[] }): ReactNode {
  const approved = lastOf(revisions, "approved", "published");
  const edit = lastOf(revisions, "draft");
  return (
    <Flex vertical gap={10}>
      <Flex gap={8} wrap align="center" justify="space-between">
        <Typography.Title level={2}>{record.title}</Typography.Title>
        <Link to={placeOf(record)}>{TEXTS.open}</Link>
      </Flex>
      <Typography.Text type="secondary">
        {TEXTS.authors} {record.authors.join("、")}
        {edit?.reason ? ` · ${TEXTS.why}：${edit.reason}` : ""}
      </Typography.Text>
      <Diff
        before={approved?.text ?? ""}
        after={record.text}
        titles={[approved ? `${TEXTS.before} ${approved.revision}` : TEXTS.fresh, `${TEXTS.now} ${record.revision}`]}
      />
      <Decision record={record} />
    </Flex>
  );
}

function Decision({ record }: { record: Whole }): ReactNode {
  const [note, say] = useState("");
  const { take, busy } = useStep();
  const { by, missing } = usePerson();
  const session = useSession();
  const own = record.authors.includes(by || session.name);
  const early = !useSettled();
  const disabled = busy || missing || own || early;
  const approve = (): void => take("approve", [record], note);
  useHotkeys([{ key: "a", title: TEXTS.keys.approve, run: approve, disabled }]);
  return (
    <Flex vertical gap={8} className="no-print">
      {own ? <Typography.Text strong>{TEXTS.own}</Typography.Text> : null}
      <Input.TextArea
        autoSize={{ minRows: 2, maxRows: 5 }}
        value={note}
        onChange={(event) => say(event.target.value)}
        aria-label={TEXTS.note}
        placeholder={TEXTS.noteHint}
        maxLength={400}
      />
      <Flex gap={8}>
        <Button type="primary" disabled={disabled} onClick={approve}>
          {TEXTS.approve}
        </Button>
        <Button disabled={busy || missing || early || !note.trim()} onClick={() => take("reject", [record], note)}>
          {TEXTS.reject}
        </Button>
      </Flex>
    </Flex>
  );
}

function keyOf(one: Found): string {
  return `${one.kind}|${one.id}`;
}

/** The newest revision of some statuses. */
function lastOf(revisions: Revision[], ...statuses: string[]): Revision | undefined {
  return revisions.filter((one) => statuses.includes(one.status)).at(-1);
}
