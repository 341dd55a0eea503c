/** A concept as a doctor reads it. */
import { Descriptions, Tabs, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { StandingTag, useVocabulary } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { cited } from "./cited";
import { GraphView } from "./GraphView";
import { Statements } from "./Statements";
import { TEXTS } from "./texts";
import type { Article, Concept } from "./types";

const ONE = "GET /api/v1/concepts/{concept_id}";
const ARTICLE = "GET /api/v1/articles/{article_id}";

export function ConceptPage(): ReactNode {
  const id = useParams().id ?? "";
  const concept = useAsked<Concept, typeof ONE>(ONE, { path: { concept_id: id } }, { staleMs: 60_000 });
  const { concepts } = useVocabulary();
  const may = useMay("knowledge.edit");
  const title = concept.data?.name ?? TEXTS.title;
  return (
    <Frame
      title={title}
      about={concept.data ? (concepts[concept.data.kind] ?? concept.data.kind) : ""}
      actions={
        may ? <Link to={`/curation/concept/${encodeURIComponent(id)}`}>{TEXTS.concept.editConcept}</Link> : null
      }
      printable
    >
      <Asked query={concept}>{(found) => <Body key={found.id} concept={found} />}</Asked>
    </Frame>
  );
}

function Body({ concept }: { concept: Concept }): ReactNode {
  const [tab, choose] = useState("statements");
  const items = [
    {
      key: "statements",
      label: `${TEXTS.concept.statements} ${concept.total}`,
      children: <Statements concept={concept} />,
    },
    {
      key: "articles",
      label: `${TEXTS.concept.articles} ${concept.articles.length}`,
      children: <Articles concept={concept} />,
    },
    { key: "graph", label: TEXTS.concept.graph, children: tab === "graph" ? <Around id={concept.id} /> : null },
  ];
  return (
    <>
      <Names concept={concept} />
      <Tabs items={items} activeKey={tab} onChange={choose} />
    </>
  );
}

function Names({ concept }: { concept: Concept }): ReactNode {
  const { synonyms = [], codes = [] } = concept;
  const items = [
    { key: "en", label: TEXTS.concept.english, children: concept.nameEn },
    { key: "also", label: TEXTS.concept.synonyms, children: synonyms.join("、") },
    {
      key: "codes",
      label: TEXTS.concept.codes,
      children: codes.map((one) => `${one.system} ${one.code}`).join("、"),
    },
    ...concept.facts.map(({ label, text }) => ({ key: label, label, children: text })),
  ].filter((one) => one.children);
  return (
    <>
      <StandingTag standing={concept.standing} />
      <Descriptions items={items} column={1} size="small" />
    </>
  );
}

function Articles({ concept }: { concept: Concept }): ReactNode {
  if (!concept.articles.length) return <Nothing text={TEXTS.concept.noArticles} />;
  return concept.articles.map((one) => <Reading key={one.id} id={one.id} />);
}

function Reading({ id }: { id: string }): ReactNode {
  const article = useAsked<Article, typeof ARTICLE>(ARTICLE, { path: { article_id: id } }, { staleMs: 60_000 });
  return (
    <Asked query={article}>
      {(found) => (
        <article>
          <Typography.Title level={2}>{found.title}</Typography.Title>
          {found.sections.map((section) => (
            <section key={section.heading}>
              <Typography.Title level={3}>{section.heading}</Typography.Title>
              <Typography.Paragraph className="knowledge-text">{section.text}</Typography.Paragraph>
              {section.sources ? (
                <Typography.Text type="secondary">{`${TEXTS.concept.sources}：${cited(section.sources)}`}</Typography.Text>
              ) : null}
            </section>
          ))}
        </article>
      )}
    </Asked>
  );
}

function Around({ id }: { id: string }): ReactNode {
  const navigate = useNavigate();
  return <GraphView id={id} open={(one) => void navigate(`../${encodeURIComponent(one)}`, { relative: "path" })} />;
}
