/** Data quality: institutions by score, what a score is made of, the faults down to message and patient. */
import { Tabs } from "antd";
import type { ReactNode } from "react";
import { Route, Routes, useNavigate } from "react-router";
import { Exports } from "../../figures/Exports";
import { askAhead, useAsked } from "../../shared/asking";
import { save } from "../../shared/client";
import { useFilters } from "../../shared/filters";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { Views } from "../../shared/views";
import { Faults } from "./Faults";
import { Parts } from "./Parts";
import { RANKING, Scores } from "./Scores";
import { TEXTS } from "./texts";
import type { Titles } from "./types";

const LANGUAGE = "GET /api/v1/quality/language";
const FILES = {
  xlsx: "GET /api/v1/quality/report.xlsx",
  csv: "GET /api/v1/quality/faults.csv",
  pdf: "GET /api/v1/quality/report.pdf",
} as const;
const PARTS = { scores: Scores, parts: Parts, faults: Faults };
type Part = keyof typeof PARTS;

export const ahead = (): Promise<unknown> => Promise.all([askAhead(LANGUAGE), askAhead(RANKING, { query: {} })]);

export default function DataQuality(): ReactNode {
  return (
    <Routes>
      <Route index element={<Tabbed part="scores" />} />
      {(Object.keys(PARTS) as Part[]).map((part) => (
        <Route key={part} path={part} element={<Tabbed part={part} />} />
      ))}
    </Routes>
  );
}

function Tabbed({ part }: { part: Part }): ReactNode {
  const navigate = useNavigate();
  const [asked] = useFilters();
  const titles = useAsked<Titles, typeof LANGUAGE>(LANGUAGE, {}, { staleMs: Number.POSITIVE_INFINITY });
  const Shown = PARTS[part];
  const items = Object.entries(TEXTS.tabs).map(([key, label]) => ({ key, label }));
  const turn = (key: string): void => {
    const kept = asked.tenant ? `?${new URLSearchParams({ tenant: asked.tenant })}` : "";
    void navigate(`/dataquality/${key}${kept}`);
  };
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Actions query={asked} />} printable>
      <Tabs activeKey={part} items={items} onChange={turn} />
      <Asked query={titles}>{(found) => <Shown titles={found} />}</Asked>
    </Frame>
  );
}

function Actions({ query }: { query: Record<string, string> }): ReactNode {
  return (
    <>
      <Views page="dataquality" />
      <Exports to={(format) => save(FILES[format], TEXTS.files[format], { query })} />
    </>
  );
}
