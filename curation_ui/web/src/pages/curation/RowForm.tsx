/** One row as a form. */
import { Alert, Form } from "antd";
import type { ClipboardEvent, ReactNode } from "react";
import { Cell, hintOf } from "../../curation/Cell";
import { Field } from "../../curation/Field";
import type { Column, Table } from "../../curation/types";
import { pasted, type Row } from "./sheet";
import type { CellFault, Outcome } from "./TablePage";

export type RowsProps = {
  table: Table;
  rows: Row[];
  outcomes: (Outcome | undefined)[];
  write: (rows: Row[]) => void;
};

export function RowForm({ table, rows, outcomes, write }: RowsProps): ReactNode {
  const row = rows[0] ?? {};
  const faults = outcomes[0]?.faults ?? [];
  const paste = (event: ClipboardEvent, field: string): void => {
    const text = event.clipboardData.getData("text/plain");
    if (!text.includes("\t")) return;
    event.preventDefault();
    write(pasted(text, table.columns, field));
  };
  const whole = faults.filter((one) => !one.column);
  return (
    <Form layout="vertical" component="div">
      {whole.map((one) => (
        <Alert key={one.problem} type="error" showIcon title={one.problem} />
      ))}
      <div className="curation-fields">
        {table.columns.map((column) => (
          <div key={column.field} onPaste={(event) => paste(event, column.field)}>
            <Field
              label={column.label}
              required={column.required}
              hint={hintOf(column)}
              name="cell"
              flaws={shown(faults, column, row)}
            >
              <Cell
                column={column}
                value={row[column.field] ?? ""}
                onChange={(text) => write([{ ...row, [column.field]: text }])}
              />
            </Field>
          </div>
        ))}
      </div>
    </Form>
  );
}

/** What is wrong with a cell; that it is still empty is not told before something was typed into the row. */
function shown(faults: CellFault[], column: Column, row: Row): { field: string; problem: string }[] {
  const touched = Object.keys(row).length > 0;
  return faults
    .filter((one) => touched && [column.label, column.field].includes(one.column))
    .map((one) => ({ field: "cell", problem: one.problem }));
}
