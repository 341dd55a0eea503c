/** One fault: what is wrong and how to mend it, on what ground, of whom, and what was done about it. */
import { Flex, Typography } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { moment } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Happened, Whole } from "./types";
import { faultsOf } from "./ways";

const FAULT = "GET /api/v1/quality/faults/{fault}";

export function FaultView({ id }: { id: number }): ReactNode {
  const fault = useAsked<Whole, typeof FAULT>(FAULT, { path: { fault: id } });
  return (
    <Asked query={fault} rows={3}>
      {(found) => (
        <>
          <div>{`${TEXTS.advice}：${found.advice ?? found.rule}`}</div>
          {found.source ? (
            <Typography.Text type="secondary">{`${TEXTS.source}：${found.source}`}</Typography.Text>
          ) : null}
          <div>{`${TEXTS.place}：${[found.resource, found.path].filter(Boolean).join(" · ")}`}</div>
          <div>{`${TEXTS.found}：${moment(found.found)}`}</div>
          <Flex gap={16} wrap>
            <Link to={faultsOf({ tenant: found.tenant, resource: found.resource })}>{TEXTS.same}</Link>
            <Patient tenant={found.tenant} patient={found.patient} />
          </Flex>
          <History history={found.history} />
        </>
      )}
    </Asked>
  );
}

function Patient({ tenant, patient }: Pick<Whole, "tenant" | "patient">): ReactNode {
  if (!patient) return null;
  return <Link to={`/bedside?${new URLSearchParams({ patient, tenant })}`}>{TEXTS.patient}</Link>;
}

function History({ history }: Pick<Whole, "history">): ReactNode {
  if (!history.length) return <div>{TEXTS.noHistory}</div>;
  return (
    <>
      <div>{TEXTS.history}</div>
      <ul>
        {history.map((event) => (
          <li key={`${event.at} ${event.actionTitle}`}>{said(event)}</li>
        ))}
      </ul>
    </>
  );
}

function said({ at, actionTitle, actor, message, reason }: Happened): string {
  const sent = message ? TEXTS.messageOf(message) : "";
  return [moment(at), actionTitle, actor, sent, reason].filter(Boolean).join(" · ");
}
