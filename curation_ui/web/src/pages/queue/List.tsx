/** The prescriptions, the most pressing first, each with its clock. */
import { Tag } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { TEXTS as SAID } from "../../prescription/texts";
import type { Case } from "../../prescription/types";
import { SeverityTag } from "../../shared/finding";
import { lasting, secondsTo } from "../../shared/words";
import { TEXTS } from "./texts";

type ListProps = { cases: Case[]; chosen: string; choose: (id: string) => void };

export function List({ cases, chosen, choose }: ListProps): ReactNode {
  const now = useNow();
  return (
    <ul className="queue-list no-print">
      {cases.map((one) => (
        <li key={one.id}>
          <button type="button" className="pick" aria-current={one.id === chosen} onClick={() => choose(one.id)}>
            <span>
              {one.urgent ? <Tag color="red">{SAID.urgent}</Tag> : null}
              {one.severity ? <SeverityTag severity={one.severity} /> : null}
              {one.assignee ? <Tag>{one.assignee}</Tag> : null}
            </span>
            <strong>{one.department || one.institution}</strong>
            <span className="queue-row">
              {one.prescriber}
              <Clock one={one} now={now} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** How long is left; what is held waits with its clock run out. */
export function Clock({ one, now }: { one: Case; now: number }): ReactNode {
  if (!one.due) return <span>{one.label}</span>;
  const seconds = secondsTo(one.due, now);
  const text = `${seconds < 0 ? TEXTS.overdue : TEXTS.left} ${lasting(seconds)}`;
  return <span className={seconds < 60 ? "clock-late" : "clock"}>{text}</span>;
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, []);
  return now;
}
