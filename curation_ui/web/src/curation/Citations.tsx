/** Where something can be read: sources and sections, at least one. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input } from "antd";
import type { ReactNode } from "react";
import { SourceSearch } from "./Cell";
import type { Citation } from "./types";

const TEXTS = { source: "来源", section: "章节", add: "增加来源", remove: "删除来源" };

type CitationsProps = { value: Citation[]; onChange: (value: Citation[]) => void; id?: string };

export function Citations({ value, onChange, id }: CitationsProps): ReactNode {
  const change = (at: number, part: Partial<Citation>): void =>
    onChange(value.map((one, place) => (place === at ? { ...one, ...part } : one)));
  return (
    <Flex vertical gap={6} id={id}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a citation is known by its place
        <Flex key={at} gap={6} wrap align="center">
          <div style={{ flex: "2 1 220px" }}>
            <SourceSearch
              label={`${TEXTS.source} ${at + 1}`}
              value={one.source}
              onChange={(source) => change(at, { source })}
            />
          </div>
          <Input
            style={{ flex: "1 1 130px", width: "auto" }}
            aria-label={`${TEXTS.section} ${at + 1}`}
            placeholder={TEXTS.section}
            value={one.section}
            onChange={(event) => change(at, { section: event.target.value })}
          />
          <Button
            icon={<DeleteOutlined />}
            aria-label={`${TEXTS.remove} ${at + 1}`}
            onClick={() => onChange(value.filter((_, place) => place !== at))}
          />
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...value, { source: "", section: "" }])}>
        {TEXTS.add}
      </Button>
    </Flex>
  );
}
