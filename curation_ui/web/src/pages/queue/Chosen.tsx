/** The prescription that is looked at, and the decision. */
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { Overview } from "../../prescription/Overview";
import type { Case } from "../../prescription/types";
import { FindingView, type Marking } from "../../shared/finding";
import { Asked } from "../../shared/states";
import { Actions } from "./Actions";
import { type Decision, useWhole } from "./desk";
import { TEXTS } from "./texts";
import type { Whole } from "./types";

type ChosenProps = { id: string; decide: (one: Case, decision: Decision) => Promise<void>; busy: boolean };

export function Chosen({ id, decide, busy }: ChosenProps): ReactNode {
  return <Asked query={useWhole(id)}>{(whole) => <Shown whole={whole} decide={decide} busy={busy} />}</Asked>;
}

function Shown({ whole, decide, busy }: { whole: Whole } & Omit<ChosenProps, "id">): ReactNode {
  const [falseOnes, setFalse] = useState<string[]>([]);
  const marking = (id: string): Marking => ({
    label: TEXTS.falseAlarm,
    marked: falseOnes.includes(id),
    mark: (marked) => setFalse((before) => (marked ? [...before, id] : before.filter((one) => one !== id))),
  });
  return (
    <>
      <Overview one={whole}>
        {(found) => <FindingView key={found.findingId} finding={found} marking={marking(found.findingId)} />}
      </Overview>
      <Link to={`/prescriptions/${whole.id}`} className="no-print">
        {TEXTS.alone}
      </Link>
      <Actions one={whole.review} findings={whole.findings} falseOnes={falseOnes} decide={decide} busy={busy} />
    </>
  );
}
