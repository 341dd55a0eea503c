/** The condition by clicking and as text, one beside the other. */
import { Flex, Input, Typography } from "antd";
import type { ReactNode } from "react";
import { Field } from "../../curation/Field";
import type { Flaw } from "../../curation/types";
import { Loading } from "../../shared/states";
import { Adding, Condition } from "./Builder";
import { type useCondition, useWords } from "./condition";
import { TEXTS } from "./texts";
import type { Tree, Vocabulary } from "./types";

const T = TEXTS.builder;

type ConditionProps = { condition: ReturnType<typeof useCondition>; text: string; flaws: Flaw[] };

export function ConditionField({ condition, text, flaws }: ConditionProps): ReactNode {
  const words = useWords();
  const { parsed, tree, type, build } = condition;
  const problems = (parsed?.problems ?? []).map((one) => ({
    field: "condition",
    problem: `${T.at} ${one.at + 1} ${T.character}：${one.message}`,
  }));
  return (
    <section aria-label={TEXTS.condition}>
      <Typography.Title level={2}>{TEXTS.condition}</Typography.Title>
      {words ? <Built tree={tree} words={words} build={build} /> : <Loading rows={2} />}
      <Field label={T.text} name="condition" flaws={problems.length ? problems : flaws} hint={T.textHint} required>
        <Input.TextArea
          className="rule-text"
          autoSize={{ minRows: 1, maxRows: 6 }}
          value={text}
          spellCheck={false}
          onChange={(event) => type(event.target.value)}
        />
      </Field>
    </section>
  );
}

type BuiltProps = { tree: Tree | undefined; words: Vocabulary; build: (tree: Tree | undefined) => void };

/** A single condition becomes a group when another one is added. */
function Built({ tree, words, build }: BuiltProps): ReactNode {
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
