/** How rules are received: shown, accepted, overridden; which of them are noise. */
import { Flex, InputNumber, Statistic, Switch } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { Route, Routes, useSearchParams } from "react-router";
import { Exports } from "../../figures/Exports";
import { figure, percent } from "../../figures/numbers";
import { SpanField, USUAL_DAYS, useDays } from "../../figures/SpanField";
import { counted, useAddress } from "../../shared/address";
import { askAhead, useAsked } from "../../shared/asking";
import { save } from "../../shared/client";
import { Frame } from "../../shared/frame";
import { Asked, Nothing } from "../../shared/states";
import { TOLD } from "../../shared/told";
import { Views } from "../../shared/views";
import { Alerts } from "./Alerts";
import "./governance.css";
import { LIMITS, type Limits, noisy, summed } from "./noise";
import { RuleTable } from "./RuleTable";
import { TEXTS } from "./texts";
import type { Account, Use } from "./types";

const USAGE = "GET /api/v1/rules/usage";

const begin = (days: number): string => dayjs().startOf("day").subtract(days, "day").toISOString();

export const ahead = (): Promise<unknown> => askAhead(USAGE, { query: { since: begin(USUAL_DAYS) } });

export default function Governance(): ReactNode {
  return (
    <Routes>
      <Route index element={<Accounts />} />
      <Route path="alerts" element={<Alerts />} />
    </Routes>
  );
}

function Accounts(): ReactNode {
  const since = begin(useDays());
  const looked = useLooked();
  const account = useAsked<Account, typeof USAGE>(USAGE, { query: { since } }, { keep: true });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Actions since={since} looked={looked} />} printable>
      <Asked query={account} isEmpty={({ rules }) => !rules.length} empty={TEXTS.none}>
        {(found) => <Body account={found} since={since} looked={looked} />}
      </Asked>
    </Frame>
  );
}

type Looked = { limits: Limits; only: boolean };

/** What the address says is noise, and whether only that is shown. */
function useLooked(): Looked {
  const [asked] = useSearchParams();
  const limits = { share: counted(asked, "share", LIMITS.share), answers: counted(asked, "answers", LIMITS.answers) };
  return { limits, only: asked.has("noise") };
}

/** The period, and the account as a file: of the rules that are shown. */
function Actions({ since, looked }: { since: string; looked: Looked }): ReactNode {
  const narrowed = looked.only ? looked.limits : {};
  return (
    <>
      <SpanField />
      <Views page="governance" />
      <Exports to={(format) => save(USAGE, `${TEXTS.title}.${format}`, { query: { since, ...narrowed, format } })} />
    </>
  );
}

type BodyProps = { account: Account; since: string; looked: Looked };

function Body({ account, since, looked: { limits, only } }: BodyProps): ReactNode {
  const [, change] = useAddress();
  const isNoise = (use: Use): boolean => noisy(use, limits);
  const rules = only ? account.rules.filter(isNoise) : account.rules;
  return (
    <>
      <Summary rules={account.rules} />
      <Flex gap={16} wrap align="center" className={`governance-limits ${TOLD}`}>
        <Field label={TEXTS.leastShare} value={limits.share} most={100} set={(share) => change({ share })} />
        <Field label={TEXTS.leastAnswers} value={limits.answers} set={(answers) => change({ answers })} />
        <span>
          <Switch checked={only} onChange={(on) => change({ noise: on ? 1 : 0 })} aria-label={TEXTS.noisy} />{" "}
          {TEXTS.noisy}
        </span>
      </Flex>
      {rules.length ? (
        <RuleTable rules={rules} reasons={account.reasons} since={since} isNoise={isNoise} />
      ) : (
        <Nothing text={TEXTS.noneNoisy} />
      )}
    </>
  );
}

type FieldProps = { label: string; value: Limits[keyof Limits]; most?: number; set: (value: number) => void };

function Field({ label, value, most, set }: FieldProps): ReactNode {
  return (
    <span title={TEXTS.noisyAbout}>
      {label}{" "}
      <InputNumber aria-label={label} min={1} max={most} value={value} onChange={(given) => set(given ?? value)} />
    </span>
  );
}

function Summary({ rules }: { rules: Use[] }): ReactNode {
  const sum = summed(rules);
  const { share, ...counted } = TEXTS.summary;
  return (
    <Flex gap={32} wrap>
      {(Object.keys(counted) as (keyof typeof counted)[]).map((name) => (
        <Statistic key={name} title={counted[name]} value={figure(sum[name])} />
      ))}
      <Statistic title={share} value={percent(sum.overrideShare)} />
    </Flex>
  );
}
