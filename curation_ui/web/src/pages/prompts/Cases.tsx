/** The test cases of a prompt: values of its variables, and what must hold. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Input, InputNumber, Select, Typography } from "antd";
import type { ReactNode } from "react";
import { options } from "../../shared/words";
import { begun, isWhole, KINDS, type Kind, kindOf, parts } from "./expecting";
import { placed, without } from "./lists";
import { TEXTS } from "./texts";
import type { Case, Expectation, Variable } from "./types";
import { Values } from "./Values";

const ON = options(TEXTS.on);
const OF_KINDS = KINDS.map((kind) => ({ value: kind, label: TEXTS.kinds[kind] }));

type CasesProps = { id?: string; variables: Variable[]; value: Case[]; onChange: (cases: Case[]) => void };

export function Cases({ id, variables, value, onChange }: CasesProps): ReactNode {
  const add = (): void => onChange([...value, { name: "", expect: [begun("contains", "prompt")] }]);
  return (
    <Flex vertical gap={10} id={id}>
      {value.map((one, at) => (
        <One
          // biome-ignore lint/suspicious/noArrayIndexKey: a case is known by its place
          key={at}
          number={at + 1}
          one={one}
          variables={variables}
          write={(written) => onChange(placed(value, at, written))}
          remove={() => onChange(without(value, at))}
        />
      ))}
      <Button icon={<PlusOutlined />} onClick={add}>
        {TEXTS.addCase}
      </Button>
    </Flex>
  );
}

type OneProps = {
  number: number;
  one: Case;
  variables: Variable[];
  write: (one: Case) => void;
  remove: () => void;
};

function One({ number, one, variables, write, remove }: OneProps): ReactNode {
  const name = `${TEXTS.caseName} ${number}`;
  return (
    <Card
      size="small"
      title={
        <Input
          aria-label={name}
          placeholder={name}
          status={one.name.trim() ? undefined : "warning"}
          value={one.name}
          onChange={(event) => write({ ...one, name: event.target.value })}
        />
      }
      extra={<Button icon={<DeleteOutlined />} aria-label={`${TEXTS.removeCase} ${number}`} onClick={remove} />}
    >
      <Values
        variables={variables}
        value={one.variables ?? {}}
        onChange={(values) => write({ ...one, variables: values })}
      />
      <Typography.Text>{TEXTS.mustHold}</Typography.Text>
      <Expectations value={(one.expect ?? []).flatMap(parts)} onChange={(expect) => write({ ...one, expect })} />
      {isWhole(one) ? null : <Typography.Text type="warning">{TEXTS.caseNeeds}</Typography.Text>}
    </Card>
  );
}

type ExpectationsProps = { value: Expectation[]; onChange: (value: Expectation[]) => void };

function Expectations({ value, onChange }: ExpectationsProps): ReactNode {
  return (
    <Flex vertical gap={6}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an expectation is known by its place
        <Flex key={at} gap={6} wrap>
          <Select
            aria-label={`${TEXTS.onWhat} ${at + 1}`}
            options={ON}
            value={one.on ?? "prompt"}
            onChange={(on) => onChange(placed(value, at, { ...one, on: on as Expectation["on"] }))}
            style={{ width: 110 }}
          />
          <Select<Kind>
            aria-label={`${TEXTS.kind} ${at + 1}`}
            options={OF_KINDS}
            value={kindOf(one)}
            onChange={(kind) => onChange(placed(value, at, begun(kind, one.on)))}
            style={{ width: 170 }}
          />
          <What
            label={`${TEXTS.what} ${at + 1}`}
            one={one}
            write={(written) => onChange(placed(value, at, written))}
          />
          <Button
            icon={<DeleteOutlined />}
            aria-label={`${TEXTS.removeExpectation} ${at + 1}`}
            onClick={() => onChange(without(value, at))}
          />
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...value, begun("contains", "prompt")])}>
        {TEXTS.addExpectation}
      </Button>
    </Flex>
  );
}

type WhatProps = { label: string; one: Expectation; write: (one: Expectation) => void };

/** The part of an expectation that its kind asks for; citations ask for nothing more. */
function What({ label, one, write }: WhatProps): ReactNode {
  const kind = kindOf(one);
  const said = (what: unknown): void => write({ on: one.on, [kind]: what });
  if (kind === "cites") return null;
  if (kind === "most" || kind === "least")
    return <InputNumber aria-label={label} min={1} precision={0} value={one[kind]} onChange={(n) => said(n ?? 1)} />;
  if (kind === "contains")
    return (
      <Input
        aria-label={label}
        value={one.contains}
        onChange={(event) => said(event.target.value)}
        style={{ width: 280 }}
      />
    );
  return (
    <Select
      mode="tags"
      open={false}
      suffixIcon={null}
      aria-label={label}
      placeholder={TEXTS.words}
      value={one[kind]}
      onChange={said}
      style={{ minWidth: 280 }}
    />
  );
}
