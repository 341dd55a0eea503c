/** What a condition says of every sample patient, as it is built. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Flex, Tag, Typography } from "antd";
import type { ReactNode } from "react";
import type { Failure } from "../../shared/client";
import { Asked } from "../../shared/states";
import { TEXTS } from "./texts";
import type { Trial, Tried } from "./types";

const T = TEXTS.trial;
const COLOURS = { fired: "volcano", passed: "green", unknown: "gold" } as const;

export function Patients({ trial }: { trial: UseQueryResult<Trial, Failure> | undefined }): ReactNode {
  return (
    <section aria-label={T.title} aria-busy={trial?.isPlaceholderData}>
      <Typography.Title level={2}>{T.title}</Typography.Title>
      <Typography.Text type="secondary">{trial ? T.about : T.waiting}</Typography.Text>
      {trial ? (
        <Asked query={trial}>{(found) => <Told tried={found.patients} old={trial.isPlaceholderData} />}</Asked>
      ) : null}
    </section>
  );
}

/** Each patient with the outcome, and why; `old` is what was so before the last change. */
export function Told({ tried, old }: { tried: Tried[]; old: boolean }): ReactNode {
  return (
    <ul className={old ? "rule-patients rule-old" : "rule-patients"}>
      {tried.map((one) => (
        <Patient key={one.name} tried={one} />
      ))}
    </ul>
  );
}

function Patient({ tried }: { tried: Tried }): ReactNode {
  const known = tried.reads.filter((one) => one.value !== null);
  return (
    <li>
      <Flex gap={8} align="start">
        <Tag color={COLOURS[tried.outcome]} variant="outlined">
          {T.outcomes[tried.outcome]}
        </Tag>
        <span>{tried.name}</span>
      </Flex>
      <Typography.Text type="secondary">
        {known.map((one) => `${one.label} ${shown(one.value)}`).join("，")}
        {tried.missing.length ? ` ${T.missing}：${tried.missing.join("、")}` : ""}
      </Typography.Text>
    </li>
  );
}

function shown(value: Tried["reads"][number]["value"]): string {
  if (typeof value === "boolean") return value ? TEXTS.builder.yes : TEXTS.builder.no;
  return typeof value === "number" ? String(Math.round(value * 100) / 100) : String(value);
}
