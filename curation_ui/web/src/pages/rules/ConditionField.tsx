/** The condition by clicking and as text, one beside the other. */
import { Alert, ConfigProvider, Flex, Input, Typography } from "antd";
import type { ReactNode } from "react";
import { Field } from "../../curation/Field";
import type { Flaw } from "../../curation/types";
import { Loading } from "../../shared/states";
import { Adding, Condition } from "./Builder";
import { type Conditioned, useWords } from "./condition";
import { TEXTS } from "./texts";
import type { Vocabulary } from "./types";

const T = TEXTS.builder;

type ConditionProps = { condition: Conditioned; text: string; flaws: Flaw[] };

export function ConditionField({ condition, text, flaws }: ConditionProps): ReactNode {
  const words = useWords();
  const { reading, fault } = condition;
  return (
    <section aria-label={TEXTS.condition}>
      <Typography.Title level={2}>{TEXTS.condition}</Typography.Title>
      <ConfigProvider componentDisabled={reading || undefined}>
        {words ? <Built condition={condition} words={words} /> : <Loading rows={2} />}
      </ConfigProvider>
      {fault ? <Alert type="error" showIcon title={T.fault} description={fault} /> : null}
      <ConditionText label={T.text} hint={T.textHint} condition={condition} text={text} flaws={flaws} />
    </section>
  );
}

/** The condition as text alone, with what is wrong with it. */
export function ConditionText({
  condition,
  text,
  flaws,
  ...shown
}: ConditionProps & { label: string; hint?: string }): ReactNode {
  const problems = problemsOf(condition).map((problem) => ({ field: "condition", problem }));
  return (
    <Field {...shown} name="condition" flaws={problems.length ? problems : flaws} required>
      <Input.TextArea
        className="rule-text"
        autoSize={{ minRows: 1, maxRows: 6 }}
        value={text}
        spellCheck={false}
        onChange={(event) => condition.type(event.target.value)}
      />
    </Field>
  );
}

/** What is wrong with a condition, and where. */
export function problemsOf({ parsed }: Conditioned): string[] {
  return (parsed?.problems ?? []).map((one) => `${T.at} ${one.at + 1} ${T.character}：${one.message}`);
}

/** A single condition becomes a group when another one is added. A text that cannot be read is mended as text: what
 * would be clicked would take its place. */
function Built({ condition, words }: { condition: Conditioned; words: Vocabulary }): ReactNode {
  const { parsed, tree, build } = condition;
  if (parsed && !tree) return <Typography.Paragraph type="secondary">{T.broken}</Typography.Paragraph>;
  const grouped = tree?.kind === "all" || tree?.kind === "any";
  return (
    <Flex vertical gap={8} className="rule-built">
      {tree ? (
        <Condition tree={tree} words={words} change={build} />
      ) : (
        <Typography.Text type="secondary">{T.empty}</Typography.Text>
      )}
      {grouped ? null : (
        <Adding words={words} add={(part) => build(tree ? { kind: "all", parts: [tree, part] } : part)} />
      )}
    </Flex>
  );
}
