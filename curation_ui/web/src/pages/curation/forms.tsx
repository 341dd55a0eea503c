/** The forms of statements, concepts, articles and sources. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Descriptions, Flex, Input, InputNumber, Select } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { Backing } from "../../curation/Backing";
import { Cell, hintOf } from "../../curation/Cell";
import { Citations } from "../../curation/Citations";
import type { Draft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import type { ArticleForm, Column, ConceptForm, Named, SourceForm, StatementForm, Whole } from "../../curation/types";
import { choices, useVocabulary } from "../../curation/vocabulary";
import { TEXTS } from "./texts";

const T = TEXTS.record;

export function StatementFields({ whole, draft }: { whole: Whole; draft: Draft<StatementForm> }): ReactNode {
  const { form, change, flaws } = draft;
  const { predicates } = useVocabulary();
  const sides = [
    { key: "kind", label: T.cells, children: predicates[whole.predicate ?? ""] ?? whole.predicate },
    { key: "subject", label: T.subject, children: <Side side={whole.subject} /> },
    ...(whole.object ? [{ key: "object", label: T.object, children: <Side side={whole.object} /> }] : []),
  ];
  return (
    <>
      <Descriptions items={sides} column={{ xs: 1, md: 3 }} size="small" />
      <Cells columns={whole.columns} cells={form.cells} change={(cells) => change({ cells })} flaws={flaws} />
      <Backing draft={draft} />
    </>
  );
}

function Side({ side }: { side: Named | undefined }): ReactNode {
  return side ? <Link to={`/knowledge/concept/${encodeURIComponent(side.id)}`}>{side.name}</Link> : null;
}

type CellsProps = {
  columns: Column[];
  cells: Record<string, string>;
  change: (cells: Record<string, string>) => void;
  flaws: Draft<unknown & Record<string, unknown>>["flaws"];
};

function Cells({ columns, cells, change, flaws }: CellsProps): ReactNode {
  return (
    <div className="curation-fields">
      {columns.map((column) => (
        <Field
          key={column.field}
          label={column.label}
          required={column.required}
          hint={hintOf(column)}
          flaws={flaws}
          name={`cells.${column.field}`}
        >
          <Cell
            column={column}
            value={cells[column.field] ?? ""}
            onChange={(text) => change({ ...cells, [column.field]: text })}
          />
        </Field>
      ))}
    </div>
  );
}

type ConceptProps = { columns: Column[]; draft: Draft<ConceptForm> };

export function ConceptFields({ columns, draft }: ConceptProps): ReactNode {
  const { form, change, flaws } = draft;
  return (
    <>
      <div className="curation-fields">
        <Field label={T.names} flaws={flaws} name="name" required>
          <Input value={form.name} onChange={(event) => change({ name: event.target.value })} />
        </Field>
        <Field label={T.nameEn} flaws={flaws} name="nameEn">
          <Input value={form.nameEn} onChange={(event) => change({ nameEn: event.target.value })} />
        </Field>
      </div>
      <Field label={T.synonyms} flaws={flaws} name="synonyms" hint={T.synonymsHint}>
        <Select
          mode="tags"
          open={false}
          suffixIcon={null}
          value={form.synonyms}
          onChange={(synonyms: string[]) => change({ synonyms })}
        />
      </Field>
      <Field label={T.codes} flaws={flaws} name="codes">
        <Codes value={form.codes} onChange={(codes) => change({ codes })} />
      </Field>
      <Cells columns={columns} cells={form.cells} change={(cells) => change({ cells })} flaws={flaws} />
    </>
  );
}

type CodeRef = ConceptForm["codes"][number];

function Codes({
  value,
  onChange,
  id,
}: {
  value: CodeRef[];
  onChange: (v: CodeRef[]) => void;
  id?: string;
}): ReactNode {
  const write = (at: number, part: Partial<CodeRef>): void =>
    onChange(value.map((one, place) => (place === at ? { ...one, ...part } : one)));
  return (
    <Flex vertical gap={6} id={id}>
      {value.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a code is known by its place
        <Flex key={at} gap={6}>
          <Input
            aria-label={`${T.system} ${at + 1}`}
            placeholder={T.system}
            value={one.system}
            onChange={(event) => write(at, { system: event.target.value })}
          />
          <Input
            aria-label={`${T.code} ${at + 1}`}
            placeholder={T.code}
            value={one.code}
            onChange={(event) => write(at, { code: event.target.value })}
          />
          <Button
            icon={<DeleteOutlined />}
            aria-label={`${T.removeCode} ${at + 1}`}
            onClick={() => onChange(value.filter((_, place) => place !== at))}
          />
        </Flex>
      ))}
      <Button icon={<PlusOutlined />} onClick={() => onChange([...value, { system: "", code: "" }])}>
        {T.addCode}
      </Button>
    </Flex>
  );
}

type Section = ArticleForm["sections"][number];

export function ArticleFields({ draft }: { draft: Draft<ArticleForm> }): ReactNode {
  const { form, change, flaws } = draft;
  const write = (at: number, part: Partial<Section>): void =>
    change({ sections: form.sections.map((one, place) => (place === at ? { ...one, ...part } : one)) });
  return (
    <>
      <div className="curation-fields">
        <Field label={T.titleField} flaws={flaws} name="title" required>
          <Input value={form.title} onChange={(event) => change({ title: event.target.value })} />
        </Field>
        <Field label={T.concept} flaws={flaws} name="concept" required>
          <Input value={form.concept} onChange={(event) => change({ concept: event.target.value })} />
        </Field>
      </div>
      {form.sections.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a section is known by its place
        <section key={at} className="curation-section" aria-label={`${T.sections} ${at + 1}`}>
          <Field label={T.heading} required>
            <Input value={one.heading} onChange={(event) => write(at, { heading: event.target.value })} />
          </Field>
          <Field label={T.text} flaws={flaws} name={`sections[${at}]`} required>
            <Input.TextArea
              autoSize={{ minRows: 3, maxRows: 16 }}
              value={one.text}
              onChange={(event) => write(at, { text: event.target.value })}
            />
          </Field>
          <Field label={T.citations}>
            <Citations value={one.citations} onChange={(citations) => write(at, { citations })} />
          </Field>
          <Button
            icon={<DeleteOutlined />}
            onClick={() => change({ sections: form.sections.filter((_, place) => place !== at) })}
          >
            {T.removeSection}
          </Button>
        </section>
      ))}
      <Button
        icon={<PlusOutlined />}
        onClick={() => change({ sections: [...form.sections, { heading: "", text: "", citations: [] }] })}
      >
        {T.addSection}
      </Button>
    </>
  );
}

export function SourceFields({ draft }: { draft: Draft<SourceForm> }): ReactNode {
  const { form, change, flaws } = draft;
  const { sourceKinds } = useVocabulary();
  const texts = [
    ["title", T.titleField],
    ["publisher", T.publisher],
    ["edition", T.edition],
    ["url", T.url],
  ] as const;
  return (
    <div className="curation-fields">
      {texts.map(([name, label]) => (
        <Field key={name} label={label} flaws={flaws} name={name} required={name === "title"}>
          <Input value={form[name]} onChange={(event) => change({ [name]: event.target.value })} />
        </Field>
      ))}
      <Field label={T.sourceKind} flaws={flaws} name="kind" required>
        <Select options={choices(sourceKinds)} value={form.kind} onChange={(kind: string) => change({ kind })} />
      </Field>
      <Field label={T.year} flaws={flaws} name="year">
        <InputNumber value={form.year || null} onChange={(year) => change({ year: year ?? 0 })} />
      </Field>
    </div>
  );
}
