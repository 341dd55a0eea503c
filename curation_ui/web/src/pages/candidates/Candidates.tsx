/** Pairs of concepts that may be one, side by side. */
import { App, Button, Card, Descriptions, Flex, Input, Segmented, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { useVocabulary } from "../../curation/vocabulary";
import { useAsked, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { TOLD } from "../../shared/told";
import { who } from "../../shared/words";
import "./candidates.css";
import { TEXTS } from "./texts";

const LIST = "GET /api/v1/curation/candidates";
const DECIDE = "POST /api/v1/curation/candidates/decisions";

type Side = {
  id: string;
  name: string;
  nameEn?: string;
  conceptKind?: string;
  synonyms?: string[];
  codes?: string[];
  origin?: string;
};
type Candidate = { a: Side; b: Side; reason: string; state: string; by?: string; kept?: string; note?: string };
type Listed = { candidates: Candidate[]; counts: Record<string, number>; next: string };
type Decision = { decision: "same" | "confirm" | "different" | "reopen"; kept?: string };

export default function Candidates(): ReactNode {
  const [state, look] = useState("open");
  const [after, turn] = useState("");
  const listed = useAsked<Listed>(LIST, { query: { state, after, limit: 20 } }, { keep: true });
  const counts = listed.data?.counts ?? {};
  const states = Object.entries(TEXTS.states).map(([value, label]) => ({
    value,
    label: `${label} ${counts[value] ?? 0}`,
  }));
  const choose = (chosen: string): void => {
    look(chosen);
    turn("");
  };
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Person />} printable>
      <Segmented
        aria-label={TEXTS.title}
        options={states}
        value={state}
        onChange={choose}
        className={`candidate-states ${TOLD}`}
      />
      <Asked query={listed} isEmpty={(found) => !found.candidates.length} empty={TEXTS.none}>
        {(found) => (
          <Flex vertical gap={12}>
            {found.candidates.map((one) => (
              <Pair key={`${one.a.id} ${one.b.id}`} pair={one} />
            ))}
            {found.next ? <Button onClick={() => turn(found.next)}>{TEXTS.more}</Button> : null}
          </Flex>
        )}
      </Asked>
    </Frame>
  );
}

function Pair({ pair }: { pair: Candidate }): ReactNode {
  const { message } = App.useApp();
  const [note, say] = useState("");
  const { by, missing } = usePerson();
  const decide = useTelling<{ changed?: number }, typeof DECIDE>(DECIDE, [LIST]);
  const edits = useMay("knowledge.edit");
  const approves = useMay("knowledge.approve");
  const disabled = decide.isPending || missing;
  const tell = (decision: Decision): void => {
    const body = { a: pair.a.id, b: pair.b.id, note, by, ...decision };
    const told = ({ changed }: { changed?: number }): void => {
      message.success(changed === undefined ? TEXTS.decided : `${TEXTS.merged} ${changed}`);
    };
    void decide.mutateAsync({ body }).then(told, () => undefined);
  };
  const open = pair.state === "open" && edits;
  return (
    <Card size="small" title={`${pair.a.name} · ${pair.b.name}`} extra={`${TEXTS.reason}：${pair.reason}`}>
      <div className="candidate-sides">
        {[pair.a, pair.b].map((side) => (
          <One key={side.id} side={side} kept={pair.kept === side.id}>
            {open ? (
              <Button disabled={disabled || !note.trim()} onClick={() => tell({ decision: "same", kept: side.id })}>
                {TEXTS.keep}
              </Button>
            ) : null}
          </One>
        ))}
      </div>
      {pair.by ? (
        <Typography.Paragraph type="secondary">
          {TEXTS.by} {pair.by}
          {pair.note ? `：${pair.note}` : ""}
        </Typography.Paragraph>
      ) : null}
      <Flex gap={8} wrap className="no-print">
        {open ? (
          <>
            <Input
              value={note}
              onChange={(event) => say(event.target.value)}
              aria-label={`${TEXTS.note} ${pair.a.name}`}
              placeholder={TEXTS.noteHint}
              style={{ maxWidth: 320 }}
            />
            <Button disabled={disabled || !note.trim()} onClick={() => tell({ decision: "different" })}>
              {TEXTS.different}
            </Button>
          </>
        ) : null}
        {pair.state === "proposed" && approves ? (
          <Button type="primary" disabled={disabled} onClick={() => tell({ decision: "confirm" })}>
            {TEXTS.confirm}
          </Button>
        ) : null}
        {["proposed", "different"].includes(pair.state) && edits ? (
          <Button disabled={disabled} onClick={() => tell({ decision: "reopen" })}>
            {TEXTS.reopen}
          </Button>
        ) : null}
      </Flex>
    </Card>
  );
}

function One({ side, kept, children }: { side: Side; kept: boolean; children: ReactNode }): ReactNode {
  const { concepts } = useVocabulary();
  const items = [
    { key: "en", label: TEXTS.names, children: [side.name, side.nameEn].filter(Boolean).join(" ") },
    { key: "also", label: TEXTS.synonyms, children: (side.synonyms ?? []).join("、") || "—" },
    { key: "codes", label: TEXTS.codes, children: (side.codes ?? []).join("、") || "—" },
    { key: "origin", label: TEXTS.origin, children: who(side.origin) || "—" },
  ];
  return (
    <section className={kept ? "candidate-kept" : undefined} aria-label={side.name}>
      <Flex gap={8} wrap align="center">
        <Link to={`/curation/concept/${encodeURIComponent(side.id)}`}>{side.id}</Link>
        <span>{concepts[side.conceptKind ?? ""] ?? side.conceptKind}</span>
        {kept ? <strong>{TEXTS.kept}</strong> : null}
      </Flex>
      <Descriptions items={items} column={1} size="small" />
      {children}
    </section>
  );
}
