/** What is known of a concept, under the headings of its kinds of knowledge. */
import { Flex, Input, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { StandingTag, useVocabulary } from "../../curation/vocabulary";
import { useMay } from "../../shared/session";
import { Nothing } from "../../shared/states";
import { Cut } from "../../shared/table";
import { cited } from "./cited";
import { TEXTS } from "./texts";
import type { Concept, Statement } from "./types";

const FEW = 12;

export function Statements({ concept }: { concept: Concept }): ReactNode {
  const [words, narrow] = useState("");
  const fitting = concept.statements.filter((one) =>
    `${one.heading}${one.text}${other(one, concept)}`.includes(words.trim()),
  );
  const groups = byHeading(fitting);
  if (!concept.statements.length) return <Nothing text={TEXTS.concept.none} />;
  return (
    <>
      <Flex gap={8} wrap className="no-print">
        <Input.Search
          allowClear
          value={words}
          onChange={(event) => narrow(event.target.value)}
          placeholder={TEXTS.concept.narrow}
          aria-label={TEXTS.concept.narrow}
          style={{ maxWidth: 260 }}
        />
      </Flex>
      <Cut shown={concept.statements.length} of={concept.total} />
      {groups.size ? null : <Nothing text={TEXTS.concept.nothing} />}
      {[...groups].map(([heading, found]) => (
        <Group key={heading} heading={heading} statements={found} concept={concept} />
      ))}
    </>
  );
}

function byHeading(statements: Statement[]): Map<string, Statement[]> {
  const groups = new Map<string, Statement[]>();
  for (const one of statements) groups.set(one.heading, [...(groups.get(one.heading) ?? []), one]);
  return groups;
}

type GroupProps = { heading: string; statements: Statement[]; concept: Concept };

function Group({ heading, statements, concept }: GroupProps): ReactNode {
  const items = statements.map((one) => <Said key={one.id} statement={one} concept={concept} />);
  return (
    <section>
      <Typography.Title level={2}>
        {heading} <Typography.Text type="secondary">{statements.length}</Typography.Text>
      </Typography.Title>
      {items.length > FEW ? (
        <>
          <ul className="knowledge-said">{items.slice(0, FEW)}</ul>
          <details>
            <summary>
              {items.length - FEW} {TEXTS.concept.of}
            </summary>
            <ul className="knowledge-said">{items.slice(FEW)}</ul>
          </details>
        </>
      ) : (
        <ul className="knowledge-said">{items}</ul>
      )}
    </section>
  );
}

function Said({ statement, concept }: { statement: Statement; concept: Concept }): ReactNode {
  const { evidence } = useVocabulary();
  const may = useMay("knowledge.edit");
  const level = statement.evidence
    ? `${TEXTS.concept.level}：${evidence[statement.evidence] ?? statement.evidence}`
    : "";
  return (
    <li>
      <span>{sentence(statement, concept)}</span> <Other statement={statement} concept={concept} />
      <Flex gap={8} wrap align="center">
        <Typography.Text type="secondary">
          {[cited(statement.sources), level].filter(Boolean).join(" · ")}
        </Typography.Text>
        <StandingTag standing={statement.standing} />
        {may ? (
          <Link className="no-print" to={`/curation/statement/${encodeURIComponent(statement.id)}`}>
            {TEXTS.concept.edit}
          </Link>
        ) : null}
      </Flex>
    </li>
  );
}

/** Sentences that only name the other side are said with both when the concept is not their subject. */
function sentence(statement: Statement, concept: Concept): string {
  const bare = statement.subject.id !== concept.id && !statement.text.includes(statement.subject.name);
  return bare ? `${statement.subject.name}：${statement.text}` : statement.text;
}

function Other({ statement, concept }: { statement: Statement; concept: Concept }): ReactNode {
  const side = statement.subject.id === concept.id ? statement.object : statement.subject;
  if (!side) return null;
  return (
    <Link className="no-print" to={`../${encodeURIComponent(side.id)}`} relative="path" aria-label={side.name}>
      → {side.name}
    </Link>
  );
}

function other(statement: Statement, concept: Concept): string {
  return (statement.subject.id === concept.id ? statement.object?.name : statement.subject.name) ?? "";
}
