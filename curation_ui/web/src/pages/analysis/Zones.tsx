/** Rows, columns, values and filters: where fields are dropped, and what was. */
import { Select, Typography } from "antd";
import { type ReactNode, useRef } from "react";
import { useDrop } from "react-aria/useDrop";
import { usePeriod } from "../../figures/PeriodField";
import type { Line } from "../../figures/types";
import { useAsked } from "../../shared/asking";
import { Chip, carried } from "./Chip";
import {
  blank,
  type Field,
  fieldOf,
  laid,
  measured,
  PERIOD,
  put,
  remeasured,
  unfiltered,
  ungrouped,
  type Zone,
} from "./layout";
import { TEXTS } from "./texts";
import type { Each, Form, Measure, Sum } from "./types";

const ANALYSE = "POST /api/v1/analysis";
const EACHES = Object.entries(TEXTS.eaches).map(([value, label]) => ({ value: value as Each, label }));

export type Layout = { form: Form; fields: Map<string, Field>; change: (form: Form) => void };

export function Zones(layout: Layout): ReactNode {
  const { rows, columns } = laid(layout.form);
  return (
    <div className="analysis-zones">
      <Place zone="rows" {...layout}>
        {rows.map((id) => (
          <Group key={id} id={id} {...layout} />
        ))}
      </Place>
      <Place zone="columns" {...layout}>
        {columns.map((id) => (
          <Group key={id} id={id} {...layout} />
        ))}
      </Place>
      <Place zone="values" {...layout}>
        {layout.form.measures.map((measure, at) => (
          <Value key={measure.title} measure={measure} at={at} {...layout} />
        ))}
      </Place>
      <Place zone="filters" {...layout}>
        {Object.keys(layout.form.only).map((id) => (
          <Filter key={id} id={id} {...layout} />
        ))}
      </Place>
    </div>
  );
}

type PlaceProps = Layout & { zone: Zone; children: ReactNode[] };

function Place({ zone, form, fields, change, children }: PlaceProps): ReactNode {
  const place = useRef<HTMLFieldSetElement>(null);
  const { dropProps, isDropTarget } = useDrop({
    ref: place,
    getDropOperation: (types) => (types.has(carried(zone)) ? "move" : "cancel"),
    onDrop: async ({ items: [item] }) => {
      if (item?.kind !== "text") return;
      const field = fields.get(await item.getText(carried(zone)));
      if (field) change(put(form, field, zone));
    },
  });
  return (
    <fieldset
      {...dropProps}
      ref={place}
      className="analysis-zone"
      tabIndex={-1}
      data-over={isDropTarget || undefined}
      aria-label={TEXTS.zones[zone]}
    >
      <Typography.Text strong>{TEXTS.zones[zone]}</Typography.Text>
      {children.length ? children : <Typography.Text type="secondary">{TEXTS.hints[zone]}</Typography.Text>}
    </fieldset>
  );
}

function Group({ id, form, fields, change }: Layout & { id: string }): ReactNode {
  const field = fields.get(id);
  if (!field) return null;
  return (
    <Chip field={field} form={form} change={change} remove={() => change(ungrouped(form, id))}>
      {id === PERIOD ? (
        <Select<Each>
          size="small"
          aria-label={TEXTS.each}
          value={form.each}
          options={EACHES}
          onChange={(each) => change({ ...form, each })}
        />
      ) : null}
    </Chip>
  );
}

function Value({ measure, at, form, fields, change }: Layout & { measure: Measure; at: number }): ReactNode {
  const field = fields.get(fieldOf(measure));
  if (!field) return null;
  const taken = form.measures.filter((one) => one !== measure && fieldOf(one) === field.id).map(({ sum }) => sum);
  const options = field.sums
    .filter((sum) => !taken.includes(sum))
    .map((sum) => ({ value: sum, label: TEXTS.sums[sum] }));
  return (
    <Chip field={field} form={form} change={change} remove={() => change(remeasured(form, at))}>
      {field.sums.length > 1 ? (
        <Select<Sum>
          size="small"
          aria-label={TEXTS.sum(field.title)}
          value={measure.sum}
          options={options}
          onChange={(sum) => change(remeasured(form, at, measured(field, sum)))}
        />
      ) : null}
    </Chip>
  );
}

function Filter({ id, form, fields, change }: Layout & { id: string }): ReactNode {
  const field = fields.get(id);
  const options = useValues(form.fact, id);
  if (!field) return null;
  return (
    <Chip field={field} form={form} change={change} remove={() => change(unfiltered(form, id))}>
      <Select<string[]>
        size="small"
        mode="tags"
        className="analysis-filter"
        aria-label={TEXTS.values(field.title)}
        placeholder={TEXTS.values(field.title)}
        maxTagCount="responsive"
        showSearch={{ optionFilterProp: "label" }}
        value={form.only[id]}
        options={options}
        onChange={(values) => change({ ...form, only: { ...form.only, [id]: values } })}
      />
    </Chip>
  );
}

type Counted = { measures: { lines: Line[] }[] };

/** The values that a dimension has in the period. */
function useValues(fact: string, id: string): { value: string; label: string }[] {
  const body = { period: usePeriod(), form: { ...blank(fact), by: [id] } };
  const found = useAsked<Counted, typeof ANALYSE>(ANALYSE, { body }, { staleMs: Number.POSITIVE_INFINITY });
  const groups = found.data?.measures[0]?.lines.flatMap(({ group }) => group) ?? [];
  return groups
    .filter(({ value }) => value !== null)
    .map(({ value, title }) => ({ value: String(value), label: title }));
}
