/** Drawing a graph with G6, in a chunk of its own. */
import { Graph } from "@antv/g6";
import type { Edge, Node } from "./types";

export type Drawing = {
  show: (nodes: Node[], edges: Edge[], predicates: Record<string, string>) => Promise<void>;
  close: () => void;
};
type Acts = { explore: (id: string) => void; open: (id: string) => void };

const COLOURS: Record<string, string> = {
  ingredient: "#0b6e8e",
  "drug-class": "#3a8fb7",
  product: "#7fb2c8",
  disease: "#b3541e",
  symptom: "#c98a2b",
  finding: "#c98a2b",
  lab: "#4d7c3a",
  exam: "#6a8f3c",
  procedure: "#7a4fa3",
};
const OTHER = "#6b7280";
const LONGEST = 10;
const NAMED = 40;

/** A drawing in a place, around one concept. */
export function drawn(parent: HTMLElement, centre: string, acts: Acts): Drawing {
  const { color: text, backgroundColor: paper } = getComputedStyle(parent);
  const label = { labelFill: text, labelBackground: true, labelBackgroundFill: paper, labelBackgroundOpacity: 0.85 };
  const graph = new Graph({
    container: parent,
    autoFit: "view",
    animation: false,
    layout: { type: "d3-force", link: { distance: 90 }, collide: { radius: 34 }, manyBody: { strength: -220 } },
    node: {
      style: {
        size: (one) => (one.id === centre ? 34 : 20),
        fill: (one) => COLOURS[String(one.data?.kind)] ?? OTHER,
        labelText: (one) => short(String(one.data?.name)),
        ...label,
        labelFontSize: 12,
        labelPlacement: "bottom",
        cursor: "pointer",
      },
    },
    edge: {
      style: {
        stroke: "#9aa4ad",
        endArrow: true,
        labelText: (one) => String(one.data?.label),
        ...label,
        labelFontSize: 10,
      },
    },
    behaviors: ["drag-canvas", "zoom-canvas", "drag-element"],
  });
  graph.on("node:click", (event) => acts.explore(targeted(event)));
  graph.on("node:dblclick", (event) => acts.open(targeted(event)));
  const show: Drawing["show"] = async (nodes, edges, predicates) => {
    graph.setData({
      nodes: nodes.map(({ id, name, kind }) => ({ id, data: { name, kind } })),
      edges: together(edges, predicates),
    });
    await graph.render();
    for (const canvas of parent.querySelectorAll("canvas")) canvas.tabIndex = -1; // its table is for the keyboard
  };
  return { show, close: () => graph.destroy() };
}

/** Everything that is said between two concepts is one line; lines are named while there are few. */
function together(edges: Edge[], predicates: Record<string, string>) {
  const lines = new Map<string, { source: string; target: string; names: Set<string> }>();
  for (const { subject, object, predicate } of edges) {
    const id = `${subject} ${object}`;
    const line = lines.get(id) ?? { source: subject, target: object, names: new Set<string>() };
    line.names.add(predicates[predicate] ?? predicate);
    lines.set(id, line);
  }
  const named = lines.size <= NAMED;
  return [...lines].map(([id, { source, target, names }]) => ({
    id,
    source,
    target,
    data: { label: named ? [...names].join("、") : "" },
  }));
}

function targeted(event: unknown): string {
  return String((event as { target?: { id?: string } }).target?.id ?? "");
}

function short(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
}
