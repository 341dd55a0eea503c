/** One request at order entry as a case: what was asked, found, answered and decided. */
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";
import { Overview } from "../../prescription/Overview";
import type { Judged, Told } from "../../prescription/types";
import { useAsked } from "../../shared/asking";
import { FindingView } from "../../shared/finding";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";

const ONE = "GET /api/v1/prescriptions/{prescription_id}";
const SHOWN = 16;

export function One(): ReactNode {
  const { id = "" } = useParams();
  const told = useAsked<Told, typeof ONE>(ONE, { path: { prescription_id: id } });
  const one = told.data;
  const about = one && TEXTS.about(one.service, moment(one.at), one.release.slice(0, SHOWN));
  return (
    <Frame title={one ? called(one) : TEXTS.title} about={about} actions={one ? <Ways one={one} /> : null} printable>
      <Asked query={told}>{(found) => <Shown one={found} />}</Asked>
    </Frame>
  );
}

function called(one: Told): string {
  return one.review ? TEXTS.reviewed : TEXTS.alerted;
}

/** On to the patient and to what it was before or became. */
function Ways({ one }: { one: Told }): ReactNode {
  const { record, review, reviewedAs = [] } = one;
  return (
    <Flex gap={16} align="center" wrap>
      {record ? <Link to={`/bedside?${new URLSearchParams(record)}`}>{TEXTS.record}</Link> : null}
      {review?.replaces ? <Link to={`/prescriptions/${review.replaces}`}>{TEXTS.replaces}</Link> : null}
      {reviewedAs.map((id, at) => (
        <Link key={id} to={`/prescriptions/${id}`}>
          {reviewedAs.length > 1 ? TEXTS.open(at + 1) : TEXTS.became}
        </Link>
      ))}
    </Flex>
  );
}

function Shown({ one }: { one: Told }): ReactNode {
  return (
    <>
      <Typography.Paragraph type="secondary">{`${TEXTS.number} ${one.id}`}</Typography.Paragraph>
      {one.review ? null : <Place one={one} />}
      {one.regional ? <Typography.Paragraph type="secondary">{TEXTS.regional}</Typography.Paragraph> : null}
      <Overview one={one}>{(finding) => <Finding key={finding.findingId} finding={finding} />}</Overview>
    </>
  );
}

/** Where an alert was shown, and to whom. */
function Place({ one }: { one: Told }): ReactNode {
  return (
    <Flex gap={8} wrap>
      <Typography.Text strong>{[one.institution, one.department].filter(Boolean).join(" ")}</Typography.Text>
      {one.prescriber ? <Typography.Text>{`${TEXTS.prescriber} ${one.prescriber}`}</Typography.Text> : null}
    </Flex>
  );
}

function Finding({ finding }: { finding: Judged }): ReactNode {
  const { answers, stopped, verdict = "" } = finding;
  const judged = TEXTS.verdicts[verdict];
  return (
    <FindingView finding={finding} open>
      <Flex gap={8} wrap align="center">
        {stopped ? <Tag color="red">{TEXTS.stopped}</Tag> : null}
        {judged ? <Tag>{judged}</Tag> : null}
        {answers.length || stopped !== undefined ? null : <Tag>{TEXTS.unanswered}</Tag>}
      </Flex>
      {answers.map((one) => (
        <p key={`${one.outcome} ${one.at}`}>
          {[TEXTS.outcomes[one.outcome] ?? one.outcome, one.reason, one.comment, moment(one.at)]
            .filter(Boolean)
            .join(" · ")}
        </p>
      ))}
    </FindingView>
  );
}
