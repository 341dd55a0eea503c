/** Values of the variables of a prompt, each by its type. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, DatePicker, Flex, Input, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { Field } from "../../curation/Field";
import { options } from "../../shared/words";
import { placed, without } from "./lists";
import { TEXTS } from "./texts";
import type { Filled, Variable } from "./types";

const DAY = "YYYY-MM-DD";
const YES_NO = [
  { value: true, label: TEXTS.yes },
  { value: false, label: TEXTS.no },
];

type ValuesProps = { variables: Variable[]; value: Filled; onChange: (value: Filled) => void };

export function Values({ variables, value, onChange }: ValuesProps): ReactNode {
  return variables.map((one) => (
    <Field key={one.name} label={one.title || one.name}>
      <Value variable={one} value={value[one.name]} onChange={(said) => onChange({ ...value, [one.name]: said })} />
    </Field>
  ));
}

type ValueProps = { id?: string; variable: Variable; value: unknown; onChange: (value: unknown) => void };

/** What was written for another type is not shown. */
function Value({ id, variable: { type, choices = [] }, value, onChange }: ValueProps): ReactNode {
  const text = typeof value === "string" ? value : undefined;
  switch (type) {
    case "number":
    case "integer": {
      const number = typeof value === "number" ? value : null;
      const whole = type === "integer" ? 0 : undefined;
      return (
        <InputNumber id={id} value={number} precision={whole} onChange={(said) => onChange(said ?? undefined)} />
      );
    }
    case "boolean": {
      const chosen = typeof value === "boolean" ? value : undefined;
      return <Select id={id} allowClear value={chosen} options={YES_NO} onChange={onChange} />;
    }
    case "choice":
      return <Select id={id} allowClear value={text} options={options(choices)} onChange={onChange} />;
    case "date": {
      const day = dayjs(text ?? null);
      return (
        <DatePicker
          id={id}
          value={day.isValid() ? day : null}
          onChange={(said) => onChange(said?.format(DAY) ?? undefined)}
        />
      );
    }
    case "list":
      return <Items id={id} value={Array.isArray(value) ? value.map(String) : []} onChange={onChange} />;
    default:
      return (
        <Input.TextArea
          id={id}
          autoSize={{ minRows: 1, maxRows: 10 }}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      );
  }
}

type ItemsProps = { id?: string; value: string[]; onChange: (value: string[]) => void };

function Items({ id, value, onChange }: ItemsProps): ReactNode {
  return (
    <Flex vertical gap={6} id={id}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an item is known by its place
        <Flex key={at} gap={6}>
          <Input.TextArea
            aria-label={`${TEXTS.item} ${at + 1}`}
            autoSize={{ minRows: 1, maxRows: 6 }}
            value={one}
            onChange={(event) => onChange(placed(value, at, event.target.value))}
          />
          <Button
            icon={<DeleteOutlined />}
            aria-label={`${TEXTS.removeItem} ${at + 1}`}
            onClick={() => onChange(without(value, at))}
          />
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...value, ""])}>
        {TEXTS.addItem}
      </Button>
    </Flex>
  );
}
