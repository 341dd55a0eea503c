/** The rows of a decision table. What is typed into a row is the row's own; its cells find it in their context. */
import { CopyOutlined, DeleteOutlined, FormOutlined } from "@ant-design/icons";
import { Button, Drawer, Flex, Input, Popconfirm, Select, type TableColumnsType, Tag, Typography } from "antd";
import { createContext, type HTMLAttributes, type ReactNode, useContext, useEffect, useState } from "react";
import { Link } from "react-router";
import { Field } from "../../curation/Field";
import type { RuleForm } from "../../curation/types";
import { choices, StatusTag, useVocabulary } from "../../curation/vocabulary";
import { useMay } from "../../shared/session";
import { Rows as Table } from "../../shared/table";
import { ConditionText, problemsOf } from "./ConditionField";
import { Fields } from "./Fields";
import { Told } from "./Patients";
import { goDown, opened, type Row, type Rows } from "./rows";
import { type Edited, useRule } from "./rule";
import { TEXTS } from "./texts";

const T = TEXTS.table;
const IN_CELLS = ["id", "title", "condition", "severity", "message", "advice"];

type Sheet = { table: Rows; patients: string[] };
type Lined = Edited & { row: Row; id: string; rename: (id: string) => void };

const OfSheet = createContext<Sheet | undefined>(undefined);
const OfLine = createContext<Lined | undefined>(undefined);

export function Lines(sheet: Sheet): ReactNode {
  return (
    <OfSheet value={sheet}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: listens to what is typed into the cells */}
      <div className="rule-table" onKeyDown={goDown}>
        <Table<Row>
          rowKey="key"
          dataSource={sheet.table.rows}
          columns={COLUMNS}
          components={{ body: { row: Line } }}
          onRow={(row) => ({ row }) as object}
          tableLayout="fixed"
          scroll={{ x: 1500 }}
          pagination={false}
        />
      </div>
    </OfSheet>
  );
}

const COLUMNS: TableColumnsType<Row> = [
  { title: TEXTS.name, width: 210, render: () => <Name /> },
  { title: TEXTS.condition, width: 300, render: () => <Expression /> },
  { title: T.run, width: 280, render: () => <Run /> },
  { title: TEXTS.severity, width: 110, render: () => <Severity /> },
  { title: TEXTS.message, width: 230, render: () => <Text field="message" label={TEXTS.message} /> },
  { title: TEXTS.advice, width: 260, render: () => <Text field="advice" label={TEXTS.advice} /> },
  { title: T.tools, width: 110, render: () => <Tools /> },
];

function Line({ row, ...given }: HTMLAttributes<HTMLTableRowElement> & { row: Row }): ReactNode {
  const { report } = useSheet().table;
  const [id, rename] = useState(row.id);
  const edited = useRule(opened(row, id));
  const { draft, condition, unsaved } = edited;
  const faulty = draft.flaws.length > 0;
  const standing = condition.unwritten ? "unwritten" : faulty ? "faulty" : "ready";
  useEffect(() => report(row.key, unsaved ? standing : "same", { id, draft }));
  return (
    <OfLine value={{ ...edited, row, id, rename }}>
      <tr {...given} />
    </OfLine>
  );
}

function useSheet(): Sheet {
  return useContext(OfSheet) as Sheet;
}

/** The row that a cell is of, and how its controls are called for who cannot see where they stand. */
function useLine(): Lined & { called: (column: string) => string } {
  const line = useContext(OfLine) as Lined;
  return { ...line, called: (column) => `${column}：${line.draft.form.title || line.id}` };
}

/** Which rule, where it stands, and what is wrong with what no cell shows. */
function Name(): ReactNode {
  const { draft, row, id, rename, unsaved, called } = useLine();
  const elsewhere = draft.flaws.filter((one) => !IN_CELLS.includes(one.field));
  return (
    <>
      <Text field="title" label={TEXTS.titleField} />
      {draft.revision ? (
        <Link to={`/rules/${encodeURIComponent(id)}`}>{id}</Link>
      ) : (
        <Field label={called(TEXTS.id)} flaws={draft.flaws} name="id" required>
          <Input value={id} placeholder={TEXTS.idHint} onChange={(event) => rename(event.target.value)} />
        </Field>
      )}
      <Flex gap={4} wrap>
        {row.whole ? <StatusTag status={row.whole.status} /> : null}
        {unsaved ? <Tag color="gold">{T.changed}</Tag> : null}
      </Flex>
      <div role="alert">
        {draft.rival ? <Typography.Text type="warning">{T.rival}</Typography.Text> : null}
        {elsewhere.map(({ field, problem }) => (
          <div key={`${field}${problem}`} className="rule-failed">
            {problem}
          </div>
        ))}
      </div>
    </>
  );
}

function Text({ field, label }: { field: "title" | "message" | "advice"; label: string }): ReactNode {
  const { draft, called } = useLine();
  return (
    <Field label={called(label)} flaws={draft.flaws} name={field}>
      <Input.TextArea
        autoSize={{ minRows: 1, maxRows: 8 }}
        value={draft.form[field]}
        onChange={(event) => draft.change({ [field]: event.target.value } as Partial<RuleForm>)}
      />
    </Field>
  );
}

function Expression(): ReactNode {
  const { draft, condition, called } = useLine();
  return (
    <ConditionText
      label={called(TEXTS.condition)}
      condition={condition}
      text={draft.form.condition}
      flaws={draft.flaws}
    />
  );
}

function Severity(): ReactNode {
  const { draft, called } = useLine();
  return (
    <Field label={called(TEXTS.severity)} flaws={draft.flaws} name="severity">
      <Select
        options={choices(useVocabulary().severities)}
        value={draft.form.severity}
        onChange={(severity: string) => draft.change({ severity })}
      />
    </Field>
  );
}

/** What the row, as it stands, says of the chosen patients; told aloud once somebody changes it. */
function Run(): ReactNode {
  const { draft, called } = useLine();
  return (
    <section aria-label={called(T.run)} aria-live={draft.dirty ? "polite" : "off"}>
      <Ran />
    </section>
  );
}

function Ran(): ReactNode {
  const { draft, condition, trial } = useLine();
  const { patients } = useSheet();
  const problem = condition.fault || problemsOf(condition)[0] || trial?.error?.message;
  if (!draft.form.condition.trim()) return T.noCondition;
  if (problem) return `${T.notRun}：${problem}`;
  if (!trial?.data) return T.running;
  if (!patients.length) return T.nobody;
  const { cases } = trial.data;
  return (
    <>
      <Told
        tried={trial.data.patients.filter((one) => patients.includes(one.name))}
        old={trial.isPlaceholderData || condition.reading}
      />
      <span className={cases.every((one) => one.passed) ? "rule-passed" : "rule-failed"}>
        {`${T.cases} ${cases.filter((one) => one.passed).length}/${cases.length}`}
      </span>
    </>
  );
}

function Tools(): ReactNode {
  const line = useLine();
  const { table } = useSheet();
  const may = useMay("knowledge.edit");
  const { row, id, draft, unsaved, called } = line;
  const [shown, show] = useState(false);
  const drop = (): void => table.drop(row.key);
  return (
    <Flex vertical gap={4} align="start">
      <Button
        size="small"
        disabled={false}
        icon={<FormOutlined />}
        aria-label={called(T.all)}
        onClick={() => show(true)}
      >
        {T.all}
      </Button>
      {may ? (
        <Button
          size="small"
          icon={<CopyOutlined />}
          aria-label={called(T.copy)}
          onClick={() => table.copy(row.key, id, draft.form)}
        >
          {T.copy}
        </Button>
      ) : null}
      <Popconfirm title={T.dropUnsaved} disabled={!unsaved} onConfirm={drop}>
        <Button
          size="small"
          disabled={false}
          icon={<DeleteOutlined />}
          aria-label={called(T.drop)}
          onClick={unsaved ? undefined : drop}
        >
          {T.drop}
        </Button>
      </Popconfirm>
      <Drawer open={shown} onClose={() => show(false)} title={called(T.all)} size={1100} destroyOnHidden>
        <Fields edited={line} />
      </Drawer>
    </Flex>
  );
}
