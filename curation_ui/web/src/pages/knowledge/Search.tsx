/** One box: a concept is opened at once, a question is searched for. */
import { Alert, Button, Flex, Tag, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { ConceptSearch, type Offered } from "../../curation/ConceptSearch";
import { placeOf, useRecords } from "../../curation/records";
import { StandingTag, StatusTag, useVocabulary } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { TOLD } from "../../shared/told";
import { TEXTS } from "./texts";
import type { Answer, Hit } from "./types";

export function Search(): ReactNode {
  const [given, give] = useSearchParams();
  const asked = given.get("q") ?? "";
  const [typed, type] = useState(asked);
  const navigate = useNavigate();
  const records = useOffered(typed);
  const search = (): void => give(typed.trim() ? { q: typed.trim() } : {});
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <search>
        <form
          className={`knowledge-box ${TOLD}`}
          onSubmit={(event) => {
            event.preventDefault();
            search();
          }}
        >
          <ConceptSearch
            value={typed}
            onChange={type}
            chosen={(one) => void navigate(`concept/${encodeURIComponent(one.id)}`)}
            also={records}
            label={TEXTS.title}
            placeholder={TEXTS.hint}
            size="large"
            autoFocus
          />
          <Button type="primary" size="large" htmlType="submit">
            {TEXTS.search}
          </Button>
        </form>
      </search>
      {asked ? (
        <Results question={asked} />
      ) : (
        <Typography.Paragraph type="secondary">{TEXTS.start}</Typography.Paragraph>
      )}
    </Frame>
  );
}

/** Records of the workbench that hold what is typed, for whoever may edit them. */
function useOffered(typed: string): Offered {
  const found = useRecords(typed, useMay("knowledge.edit"));
  const { records } = useVocabulary();
  const navigate = useNavigate();
  const options = found.map((one) => ({
    value: placeOf(one),
    label: (
      <Flex justify="space-between" gap={8}>
        <span>{one.title}</span>
        <span>
          <Tag variant="outlined">{records[one.kind] ?? one.kind}</Tag>
          <StatusTag status={one.status} />
        </span>
      </Flex>
    ),
  }));
  return { label: TEXTS.records, options, chosen: (place) => void navigate(place) };
}

function Results({ question }: { question: string }): ReactNode {
  const answer = useAsked<Answer>(
    "POST /api/v1/search",
    { body: { query: question, limit: 30 } },
    { staleMs: 60_000 },
  );
  return (
    <section aria-label={TEXTS.results}>
      <Asked query={answer} isEmpty={(found) => !found.results.length} empty={TEXTS.none}>
        {(found) => (
          <>
            {found.note ? <Alert type="info" title={found.note} /> : null}
            <Mentions answer={found} />
            {found.results.map((hit) => (
              <Passage key={hit.id} hit={hit} />
            ))}
          </>
        )}
      </Asked>
    </section>
  );
}

function Mentions({ answer }: { answer: Answer }): ReactNode {
  const named = new Map(answer.understood.mentions.flatMap((one) => one.concepts).map((one) => [one.id, one.name]));
  if (!named.size) return null;
  return (
    <Flex gap={8} wrap className="knowledge-mentions">
      {TEXTS.understood}
      {[...named].map(([id, name]) => (
        <Link key={id} to={`concept/${encodeURIComponent(id)}`}>
          {name}
        </Link>
      ))}
    </Flex>
  );
}

function Passage({ hit }: { hit: Hit }): ReactNode {
  const { evidence } = useVocabulary();
  const { title, edition, year, section } = hit.source ?? {};
  const cited = [title, edition, year, section].filter(Boolean).join(" ");
  return (
    <article className="knowledge-hit">
      <Flex gap={8} wrap align="center">
        <Link to={`concept/${encodeURIComponent(hit.concept.id)}`}>
          <strong>{hit.concept.name}</strong>
        </Link>
        <Typography.Text type="secondary">{hit.heading}</Typography.Text>
        <StandingTag standing={hit.standing} />
      </Flex>
      <p>{marked(hit)}</p>
      {cited ? (
        <Typography.Text type="secondary">
          {TEXTS.concept.sources}：{cited}
          {hit.evidence ? ` · ${TEXTS.concept.level}：${evidence[hit.evidence] ?? hit.evidence}` : ""}
        </Typography.Text>
      ) : null}
    </article>
  );
}

/** The text with what was found in it marked. Places are counted in characters, not in halves of them. */
function marked({ text, highlights }: Hit): ReactNode[] {
  const characters = [...text];
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { start, end } of [...highlights].sort((a, b) => a.start - b.start)) {
    if (start < at) continue;
    parts.push(
      characters.slice(at, start).join(""),
      <mark key={start}>{characters.slice(start, end).join("")}</mark>,
    );
    at = end;
  }
  return [...parts, characters.slice(at).join("")];
}
