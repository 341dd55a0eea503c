/** Further rules for a decision table, ticked in the list of all. */
import { App, Button } from "antd";
import { type Key, type ReactNode, useState } from "react";
import type { Failure } from "../../shared/client";
import { Dialog } from "../../shared/dialog";
import { Choosing } from "./Choosing";
import { has, MOST, type Rows } from "./rows";
import { wholes } from "./rule";
import { TEXTS } from "./texts";

const T = TEXTS.table;

export function Adding({ table }: { table: Rows }): ReactNode {
  const { message } = App.useApp();
  const [open, show] = useState(false);
  const [chosen, choose] = useState<Key[]>([]);
  const [busy, work] = useState(false);
  const room = MOST - table.rows.length;
  const add = async (): Promise<void> => {
    work(true);
    try {
      table.add(await wholes(chosen.map(String)));
      choose([]);
      show(false);
    } catch (failed) {
      message.error((failed as Failure).message);
    } finally {
      work(false);
    }
  };
  return (
    <>
      <Button disabled={room <= 0} onClick={() => show(true)}>
        {T.addRules}
      </Button>
      <Dialog
        open={open}
        destroyOnHidden
        width={980}
        title={T.addRules}
        okText={`${T.addChosen}（${chosen.length}）`}
        okButtonProps={{ disabled: !chosen.length || chosen.length > room, loading: busy }}
        onOk={() => void add()}
        onCancel={() => show(false)}
      >
        <p role="status">{`${T.most} ${MOST} ${T.rules}，${T.room} ${room} 条`}</p>
        <Choosing
          chosen={chosen}
          choose={choose}
          called={(rule) => (has(table.rows, rule.id) ? `${rule.title}（${T.inTable}）` : rule.title)}
          taken={(id) => has(table.rows, id)}
        />
      </Dialog>
    </>
  );
}
