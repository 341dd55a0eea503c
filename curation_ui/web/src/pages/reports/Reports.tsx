/** Scheduled reports: plans, and what was made of them. */
import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { SCHEDULES } from "./desk";
import { Editing } from "./Editing";
import { Plans } from "./Plans";
import { Runs } from "./Runs";
import "./reports.css";
import { TEXTS } from "./texts";
import type { Schedules } from "./types";

export default function Reports(): ReactNode {
  const schedules = useAsked<Schedules, typeof SCHEDULES>(SCHEDULES);
  const [adding, add] = useState(false);
  const may = useMay("indicator.write");
  const adder = (
    <Button type="primary" onClick={() => add(true)}>
      {TEXTS.add}
    </Button>
  );
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={may ? adder : null} printable>
      <section aria-labelledby="reports-plans">
        <h2 id="reports-plans">{TEXTS.schedules}</h2>
        <Asked query={schedules} isEmpty={(found) => !found.schedules.length} empty={TEXTS.noSchedules}>
          {(found) => <Plans known={found} />}
        </Asked>
      </section>
      <section aria-labelledby="reports-runs">
        <h2 id="reports-runs">{TEXTS.runs}</h2>
        <Runs />
      </section>
      {adding ? <Editing keepDays={schedules.data?.keepDays ?? 0} close={() => add(false)} /> : null}
    </Frame>
  );
}
