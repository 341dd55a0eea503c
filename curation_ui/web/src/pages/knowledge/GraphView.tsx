/** The graph around a concept, explored by clicking; as a table for whoever cannot see or click it. */
import { Alert, Flex, Typography } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useVocabulary } from "../../curation/vocabulary";
import { ask } from "../../shared/client";
import { useShade } from "../../shared/media";
import { Rows } from "../../shared/table";
import type { Drawing } from "./drawing";
import { TEXTS } from "./texts";
import type { Edge, Graph, Node } from "./types";

const AROUND = "GET /api/v1/concepts/{concept_id}/graph";
const MOST = 60;

type Known = { nodes: Map<string, Node>; edges: Map<string, Edge>; truncated: boolean };

export function GraphView({ id, open }: { id: string; open: (id: string) => void }): ReactNode {
  const { known, explore, failed } = useExplored(id);
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(undefined);
  const latest = useRef({ explore, open });
  latest.current = { explore, open };
  const [broken, breaks] = useState(false);
  const { predicates } = useVocabulary();
  const shade = useShade();
  // biome-ignore lint/correctness/useExhaustiveDependencies: of another shade it is drawn anew
  useEffect(() => {
    const parent = place.current;
    if (!parent || !known.nodes.size) return;
    let left = false;
    const draw = async (): Promise<void> => {
      const { drawn } = await import("./drawing");
      if (left) return;
      drawing.current ??= drawn(parent, id, latest.current);
      await drawing.current.show([...known.nodes.values()], [...known.edges.values()], predicates);
    };
    draw().catch(() => breaks(true));
    return () => {
      left = true;
    };
  }, [known, id, predicates, shade]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: and what was drawn before is cleared away
  useEffect(
    () => () => {
      drawing.current?.close();
      drawing.current = undefined;
    },
    [shade],
  );
  return (
    <Flex vertical gap={8}>
      <Typography.Text type="secondary">
        {TEXTS.graph.hint} {known.truncated ? TEXTS.graph.truncated : ""}
      </Typography.Text>
      {broken || failed ? <Alert type="warning" title={failed || TEXTS.graph.failed} /> : null}
      <div ref={place} className="knowledge-graph" role="img" aria-label={TEXTS.graph.label} />
      <AsTable known={known} predicates={predicates} />
    </Flex>
  );
}

/** What was explored so far, beginning with the concept itself. */
function useExplored(id: string): { known: Known; explore: (id: string) => void; failed: string } {
  const [known, setKnown] = useState<Known>({ nodes: new Map(), edges: new Map(), truncated: false });
  const [failed, fail] = useState("");
  const explore = (one: string): void => {
    ask<Graph, typeof AROUND>(AROUND, { path: { concept_id: one }, query: { depth: 1, limit: MOST } })
      .then((found) => setKnown((before) => joined(before, found)))
      .catch((error: Error) => fail(error.message));
  };
  const first = useRef(explore);
  useEffect(() => first.current(id), [id]);
  return { known, explore, failed };
}

function joined(before: Known, found: Graph): Known {
  const nodes = new Map([...before.nodes, ...found.nodes.map((node): [string, Node] => [node.id, node])]);
  const edges = new Map([...before.edges, ...found.edges.map((edge): [string, Edge] => [edge.statement, edge])]);
  return { nodes, edges, truncated: before.truncated || found.truncated };
}

function AsTable({ known, predicates }: { known: Known; predicates: Record<string, string> }): ReactNode {
  const name = (id: string): string => known.nodes.get(id)?.name ?? id;
  return (
    <details>
      <summary>{TEXTS.graph.list}</summary>
      <Rows<Edge>
        rowKey="statement"
        dataSource={[...known.edges.values()]}
        columns={[
          { title: TEXTS.graph.from, render: (_, edge) => name(edge.subject) },
          { title: TEXTS.graph.relation, render: (_, edge) => predicates[edge.predicate] ?? edge.predicate },
          { title: TEXTS.graph.to, render: (_, edge) => name(edge.object) },
        ]}
      />
    </details>
  );
}
