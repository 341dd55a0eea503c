/** A defect: what and where it is, on what ground, how to mend it, and what may be done about it. */
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { moment } from "../../shared/words";
import { Moving } from "./Moving";
import { TEXTS } from "./texts";
import type { Defect, Place, WithHistory } from "./types";
import { Unfolding } from "./Unfolding";

const DEFECT = "GET /api/v1/qc/defects/{defect}";
const COLOURS: Record<string, string> = { 严重: "red", 一般: "orange", 轻微: "blue" };
const SETTLED = ["withdrawn", "mended"];

export function DefectView({ defect }: { defect: Defect }): ReactNode {
  return (
    <article className="qc-defect" aria-label={defect.title ?? defect.check}>
      <Flex gap={8} wrap align="center">
        <Tag color={COLOURS[defect.severity]}>{defect.severity}</Tag>
        <Typography.Text strong>{defect.title ?? defect.check}</Typography.Text>
        <Tag color={SETTLED.includes(defect.state) ? "green" : undefined}>{defect.stateTitle}</Tag>
      </Flex>
      {defect.says ? <p>{defect.says}</p> : null}
      {[defect.place, ...(defect.others ?? [])].map(
        (place) => place && <Where key={JSON.stringify(place)} place={place} />,
      )}
      {defect.mend ? <p>{`${TEXTS.mend}：${defect.mend}`}</p> : null}
      {defect.source ? (
        <Typography.Paragraph type="secondary">{`${TEXTS.source}：${defect.source}`}</Typography.Paragraph>
      ) : null}
      <Moving defect={defect} />
      <Unfolding title={TEXTS.history}>
        <Happenings id={defect.id} />
      </Unfolding>
    </article>
  );
}

function Where({ place }: { place: Place }): ReactNode {
  return (
    <p>
      {`${TEXTS.where}：${[place.called ?? place.document, place.section].filter(Boolean).join(" · ")}`}
      {place.quote ? <mark className="qc-quote">{place.quote}</mark> : null}
    </p>
  );
}

/** What happened to it. */
function Happenings({ id }: { id: number }): ReactNode {
  const one = useAsked<WithHistory, typeof DEFECT>(DEFECT, { path: { defect: id } });
  return (
    <Asked query={one} rows={2}>
      {({ history }) => (
        <ul>
          {history.map((event) => (
            <li key={`${event.at} ${event.action}`}>
              {[moment(event.at), event.actionTitle, event.actor, event.reason].filter(Boolean).join(" · ")}
            </li>
          ))}
        </ul>
      )}
    </Asked>
  );
}
