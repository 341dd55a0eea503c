/** The variables of a prompt: what the service, or whoever asks, fills in. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, Select } from "antd";
import type { ReactNode } from "react";
import { options } from "../../shared/words";
import { placed, without } from "./lists";
import { TEXTS } from "./texts";
import type { Variable } from "./types";

const T = TEXTS.variable;
const TYPES = options(T.types);

type VariablesProps = { id?: string; value: Variable[]; onChange: (variables: Variable[]) => void };

export function Variables({ id, value, onChange }: VariablesProps): ReactNode {
  const write = (at: number, one: Variable): void => onChange(placed(value, at, one));
  return (
    <Flex vertical gap={6} id={id}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a variable is known by its place
        <Flex key={at} gap={6} wrap>
          <Input
            aria-label={`${T.name} ${at + 1}`}
            placeholder={T.name}
            value={one.name}
            onChange={(event) => write(at, { ...one, name: event.target.value })}
            style={{ width: 150 }}
          />
          <Input
            aria-label={`${T.title} ${at + 1}`}
            placeholder={T.title}
            value={one.title ?? ""}
            onChange={(event) => write(at, { ...one, title: event.target.value })}
            style={{ width: 150 }}
          />
          <Select
            aria-label={`${T.type} ${at + 1}`}
            options={TYPES}
            value={one.type ?? "text"}
            onChange={(type: string) => write(at, { ...one, type })}
            style={{ width: 100 }}
          />
          {one.type === "choice" ? (
            <Select
              mode="tags"
              open={false}
              suffixIcon={null}
              aria-label={`${T.choices} ${at + 1}`}
              placeholder={T.choices}
              value={one.choices}
              onChange={(choices: string[]) => write(at, { ...one, choices })}
              style={{ minWidth: 180 }}
            />
          ) : null}
          <Button
            icon={<DeleteOutlined />}
            aria-label={`${T.remove} ${at + 1}`}
            onClick={() => onChange(without(value, at))}
          />
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...value, { name: "" }])}>
        {T.add}
      </Button>
    </Flex>
  );
}
