/** What is analysed: table, measures, groups, filters, parts of time. */
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Form, Select, Typography } from "antd";
import type { ReactNode } from "react";
import type { Given } from "./given";
import { TEXTS } from "./texts";
import type { Fact, Measure } from "./types";

const NEEDED = [{ required: true, message: TEXTS.needed }];
const SUMS = Object.entries(TEXTS.sums).map(([value, label]) => ({ value: value as Measure["sum"], label }));
const EACHES = Object.entries(TEXTS.eaches).map(([value, label]) => ({ value, label }));
const NUMBERS = ["bigint", "double", "integer"];
const MOST_MEASURES = 10;
const BY_NAME = { optionFilterProp: "label" };

type FieldsProps = { facts: Fact[]; fact: Fact; turn: (id: string) => void; busy: boolean };

export function Fields({ facts, fact, turn, busy }: FieldsProps): ReactNode {
  return (
    <>
      <Flex gap={12} wrap>
        <Form.Item name="fact" label={TEXTS.fact} className="analysis-field">
          <Select showSearch={BY_NAME} options={facts.map(titled)} onChange={turn} />
        </Form.Item>
        <Form.Item name="by" label={TEXTS.by} className="analysis-wide">
          <Select mode="multiple" showSearch={BY_NAME} options={fact.dimensions.map(titled)} />
        </Form.Item>
        <Form.Item name="each" label={TEXTS.each} className="analysis-field">
          <Select options={EACHES} />
        </Form.Item>
      </Flex>
      <Typography.Text type="secondary">{fact.about}</Typography.Text>
      <Measures fact={fact} />
      <Filters fact={fact} />
      <Button type="primary" htmlType="submit" loading={busy}>
        {TEXTS.analyse}
      </Button>
    </>
  );
}

function Measures({ fact }: { fact: Fact }): ReactNode {
  const given = Form.useWatch<Given["measures"]>("measures") ?? [];
  return (
    <Form.List name="measures">
      {(rows, { add, remove }) => (
        <fieldset className="analysis-part">
          <legend className="analysis-legend">{TEXTS.measures}</legend>
          {rows.map(({ key, name }) => (
            <Flex key={key} gap={8} wrap>
              <Form.Item name={[name, "sum"]} className="analysis-field">
                <Select aria-label={TEXTS.sum} options={SUMS} />
              </Form.Item>
              {given[name]?.sum === "count" ? null : (
                <Form.Item name={[name, "column"]} rules={NEEDED} className="analysis-field">
                  <Select
                    aria-label={TEXTS.column}
                    placeholder={TEXTS.column}
                    showSearch={BY_NAME}
                    options={columns(fact, given[name]?.sum)}
                  />
                </Form.Item>
              )}
              {rows.length > 1 ? <Removing act={() => remove(name)} /> : null}
            </Flex>
          ))}
          <Adding
            title={TEXTS.addMeasure}
            disabled={rows.length >= MOST_MEASURES}
            act={() => add({ sum: "count" })}
          />
        </fieldset>
      )}
    </Form.List>
  );
}

function Filters({ fact }: { fact: Fact }): ReactNode {
  const given = Form.useWatch<Given["only"]>("only") ?? [];
  return (
    <Form.List name="only">
      {(rows, { add, remove }) => (
        <fieldset className="analysis-part">
          <legend className="analysis-legend">{TEXTS.only}</legend>
          {rows.map(({ key, name }) => (
            <Flex key={key} gap={8} wrap>
              <Form.Item name={[name, "dimension"]} rules={NEEDED} className="analysis-field">
                <Select
                  aria-label={TEXTS.dimension}
                  placeholder={TEXTS.dimension}
                  showSearch={BY_NAME}
                  options={fact.dimensions.map(titled)}
                />
              </Form.Item>
              <Form.Item name={[name, "values"]} rules={NEEDED} className="analysis-wide">
                <Select
                  mode="tags"
                  aria-label={TEXTS.values}
                  placeholder={TEXTS.values}
                  options={codes(fact, given[name]?.dimension)}
                />
              </Form.Item>
              <Removing act={() => remove(name)} />
            </Flex>
          ))}
          <Adding title={TEXTS.addFilter} act={() => add({ values: [] })} />
        </fieldset>
      )}
    </Form.List>
  );
}

function Adding({ title, act, disabled }: { title: string; act: () => void; disabled?: boolean }): ReactNode {
  return (
    <Button type="dashed" icon={<PlusOutlined />} disabled={disabled} onClick={act}>
      {title}
    </Button>
  );
}

function Removing({ act }: { act: () => void }): ReactNode {
  return <Button type="text" icon={<MinusCircleOutlined />} aria-label={TEXTS.remove} onClick={act} />;
}

function titled({ id, title }: { id: string; title: string }): { value: string; label: string } {
  return { value: id, label: title };
}

/** Columns that can be added up so. */
function columns(fact: Fact, sum: Measure["sum"] | undefined): { value: string; label: string }[] {
  return fact.columns.filter(({ type }) => sum === "distinct" || NUMBERS.includes(type)).map(titled);
}

function codes(fact: Fact, dimension: string | undefined): { value: string; label: string }[] {
  const values = fact.dimensions.find(({ id }) => id === dimension)?.values ?? {};
  return Object.entries(values).map(([value, label]) => ({ value, label }));
}
