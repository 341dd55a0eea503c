/** Many rows as a grid that takes what is pasted from a spreadsheet. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Typography } from "antd";
import type { ClipboardEvent, ReactNode } from "react";
import type { Column } from "../../curation/types";
import type { RowsProps } from "./RowForm";
import { pasted, placed, type Row } from "./sheet";
import type { Outcome } from "./TablePage";
import { TEXTS } from "./texts";

export function Grid({ table, rows, outcomes, write }: RowsProps): ReactNode {
  const paste = (event: ClipboardEvent, at: number, field: string): void => {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.trimEnd())) return;
    event.preventDefault();
    write(placed(rows, pasted(text, table.columns, field), at));
  };
  const type = (at: number, field: string, text: string): void =>
    write(rows.map((row, place) => (place === at ? { ...row, [field]: text } : row)));
  return (
    <>
      <Typography.Text type="secondary">{TEXTS.table.paste}</Typography.Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard */}
      <section className="curation-grid" tabIndex={0} aria-label={table.title}>
        <table>
          <thead>
            <tr>
              <th>{TEXTS.table.row}</th>
              {table.columns.map((one) => (
                <th key={one.field} scope="col">
                  {one.label}
                  {one.required ? <span className="curation-needed">*</span> : null}
                </th>
              ))}
              <th aria-label={TEXTS.table.removeRow} />
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <Line
                // biome-ignore lint/suspicious/noArrayIndexKey: a row is known by its place
                key={at}
                at={at}
                row={row}
                columns={table.columns}
                outcome={outcomes[at]}
                type={(field, text) => type(at, field, text)}
                paste={(event, field) => paste(event, at, field)}
                remove={() => write(rows.filter((_, place) => place !== at))}
              />
            ))}
          </tbody>
        </table>
      </section>
      <Button icon={<PlusOutlined />} onClick={() => write([...rows, {}])}>
        {TEXTS.table.addRow}
      </Button>
    </>
  );
}

type LineProps = {
  at: number;
  row: Row;
  columns: Column[];
  outcome: Outcome | undefined;
  type: (field: string, text: string) => void;
  paste: (event: ClipboardEvent, field: string) => void;
  remove: () => void;
};

function Line({ at, row, columns, outcome, type, paste, remove }: LineProps): ReactNode {
  const whole = outcome?.faults.filter((one) => !one.column).map((one) => one.problem) ?? [];
  const state = !outcome ? "" : outcome.faults.length ? "wrong" : "right";
  return (
    <tr className={state ? `curation-${state}` : undefined}>
      <th scope="row" title={whole.join("；") || undefined}>
        {at + 1}
        {whole.length ? <div className="curation-problem">{whole.join("；")}</div> : null}
      </th>
      {columns.map((column) => (
        <Entry
          key={column.field}
          column={column}
          label={`${at + 1} ${column.label}`}
          value={row[column.field] ?? ""}
          problem={outcome?.faults.find((one) => [column.label, column.field].includes(one.column))?.problem}
          type={(text) => type(column.field, text)}
          paste={(event) => paste(event, column.field)}
        />
      ))}
      <td>
        <Button
          type="text"
          icon={<DeleteOutlined />}
          aria-label={`${TEXTS.table.removeRow} ${at + 1}`}
          onClick={remove}
        />
      </td>
    </tr>
  );
}

type EntryProps = {
  column: Column;
  label: string;
  value: string;
  problem: string | undefined;
  type: (text: string) => void;
  paste: (event: ClipboardEvent) => void;
};

function Entry({ column, label, value, problem, type, paste }: EntryProps): ReactNode {
  const choices = column.kind === "yes" ? ["是"] : column.kind === "enum" ? column.choices : [];
  const known = !value || choices.includes(value);
  return (
    <td>
      {choices.length && known ? (
        <select
          aria-label={label}
          aria-invalid={problem ? true : undefined}
          value={value}
          onChange={(event) => type(event.target.value)}
          onPaste={paste}
        >
          <option value="" />
          {choices.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      ) : (
        <input
          aria-label={label}
          aria-invalid={problem ? true : undefined}
          value={value}
          onChange={(event) => type(event.target.value)}
          onPaste={paste}
        />
      )}
      {problem ? <div className="curation-problem">{problem}</div> : null}
    </td>
  );
}
