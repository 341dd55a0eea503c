/** Record QC: reports, defects to deal with, statistics, national indicators. */
import { Tabs } from "antd";
import type { ReactNode } from "react";
import { Route, Routes, useNavigate } from "react-router";
import { Frame } from "../../shared/frame";
import { Views } from "../../shared/views";
import { Defects } from "./Defects";
import { Nationals } from "./Nationals";
import { ReportPage } from "./ReportPage";
import { Reports } from "./Reports";
import "./recordqc.css";
import { Statistics } from "./Statistics";
import { TEXTS } from "./texts";

const PARTS = { reports: Reports, defects: Defects, statistics: Statistics, national: Nationals };
type Part = keyof typeof PARTS;

export { ahead } from "./Reports";

export default function RecordQc(): ReactNode {
  return (
    <Routes>
      <Route index element={<Tabbed part="reports" />} />
      {(Object.keys(PARTS) as Part[]).map((part) => (
        <Route key={part} path={part} element={<Tabbed part={part} />} />
      ))}
      <Route path="reports/:report" element={<ReportPage />} />
    </Routes>
  );
}

function Tabbed({ part }: { part: Part }): ReactNode {
  const navigate = useNavigate();
  const Shown = PARTS[part];
  const items = Object.entries(TEXTS.tabs).map(([key, label]) => ({ key, label }));
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Views page="recordqc" />} printable>
      <Tabs activeKey={part} items={items} onChange={(key) => void navigate(`/recordqc/${key}`)} />
      <Shown />
    </Frame>
  );
}
