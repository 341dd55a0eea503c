/** Connected systems, alarms about them, messages that were given up, and how Yigong itself is. */
import { Tabs } from "antd";
import type { ReactNode } from "react";
import { Navigate, Route, Routes, useNavigate } from "react-router";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Alarms } from "./Alarms";
import { Connected } from "./Connected";
import { Messages } from "./Messages";
import { Service } from "./Service";
import { TracePage } from "./TracePage";
import { TEXTS } from "./texts";
import "./systems.css";

const PARTS = { systems: Connected, alarms: Alarms, messages: Messages, service: Service };
type Part = keyof typeof PARTS;

export default function Systems(): ReactNode {
  const parts = useParts();
  return (
    <Routes>
      <Route index element={<Navigate to={parts[0] ?? ""} replace />} />
      {parts.map((part) => (
        <Route key={part} path={part} element={<Tabbed part={part} parts={parts} />} />
      ))}
      <Route path="messages/:message" element={<TracePage />} />
    </Routes>
  );
}

/** What somebody may look at. */
function useParts(): Part[] {
  const operations = useMay("operations.read");
  const may = { systems: operations, alarms: operations, messages: useMay("exchange.read"), service: operations };
  return (Object.keys(PARTS) as Part[]).filter((part) => may[part]);
}

function Tabbed({ part, parts }: { part: Part; parts: Part[] }): ReactNode {
  const navigate = useNavigate();
  const Shown = PARTS[part];
  const items = parts.map((key) => ({ key, label: TEXTS.tabs[key] }));
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <Tabs activeKey={part} items={items} onChange={(key) => void navigate(`/systems/${key}`)} />
      <Shown />
    </Frame>
  );
}
