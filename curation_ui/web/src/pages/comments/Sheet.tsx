/** The worksheet of a round: every prescription of the sample, judged one after the other. */
import { Button, Checkbox, Flex, Popconfirm, Tag } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useParams } from "react-router";
import { useAsked, useSaving, useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useHotkeys } from "../../shared/hotkeys";
import { useLeaving } from "../../shared/leaving";
import { useMay, useSession } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { type Draft, Judging, Verdict } from "./Judging";
import { TEXTS } from "./texts";
import type { Item, Worksheet } from "./types";
import { Uploading } from "./Uploading";

const SHEET = "GET /api/v1/comments/rounds/{round_id}/worksheet";
const BOOK = "GET /api/v1/comments/rounds/{round_id}/worksheet.xlsx";
const PAGE_ROWS = 20;
const CLOSE = "POST /api/v1/comments/rounds/{round_id}/close";

export function Sheet(): ReactNode {
  const { round = "" } = useParams();
  const sheet = useAsked<Worksheet, typeof SHEET>(SHEET, { path: { round_id: round } }, { keep: true });
  return <Asked query={sheet}>{(found) => <Shown sheet={found} />}</Asked>;
}

function Shown({ sheet }: { sheet: Worksheet }): ReactNode {
  const me = useSession().name;
  const [mine, setMine] = useState(false);
  const [todo, setTodo] = useState(true);
  const [chosen, choose] = useState(() => sheet.items.find(({ result }) => !result)?.number);
  const shown = sheet.items.filter((one) => (!mine || one.assignee === me) && (!todo || !one.result));
  // What somebody writes on stays before them, also when a colleague judged it meanwhile.
  const item = sheet.items.find((one) => one.number === chosen) ?? shown[0];
  const at = shown.findIndex((one) => one.number === item?.number);
  const step = (along: number): void => choose(shown[at + along]?.number ?? item?.number);
  const next = (): void => {
    const waits = (one: Item): boolean => one.number !== item?.number && !one.result;
    choose((shown.slice(at + 1).find(waits) ?? shown.find(waits))?.number);
  };
  const [drafts, keep] = useState<Record<number, Draft>>({});
  useLeaving(Object.keys(drafts).length > 0);
  const write = (number: number, draft: Draft | undefined): void =>
    keep(({ [number]: _, ...others }) => (draft ? { ...others, [number]: draft } : others));
  const filtered =
    (set: (only: boolean) => void) =>
    (event: { target: { checked: boolean } }): void => {
      set(event.target.checked);
      choose(undefined);
    };
  useHotkeys([
    { key: "j", title: TEXTS.keys.next, run: () => step(1) },
    { key: "k", title: TEXTS.keys.previous, run: () => step(-1) },
  ]);
  return (
    <Frame title={sheet.name} about={<About sheet={sheet} />} actions={<Actions sheet={sheet} />} printable>
      <Flex gap={16} className={TOLD}>
        <Checkbox checked={todo} onChange={filtered(setTodo)}>
          {TEXTS.todo}
        </Checkbox>
        <Checkbox checked={mine} onChange={filtered(setMine)}>
          {TEXTS.mine}
        </Checkbox>
      </Flex>
      <Items items={shown} chosen={item?.number ?? 0} choose={choose} />
      {item ? (
        <Judging
          key={item.number}
          item={item}
          closed={sheet.status === "closed"}
          colleagues={[...new Set(sheet.items.flatMap(({ assignee }) => assignee ?? []))].sort()}
          draft={drafts[item.number]}
          write={(draft) => write(item.number, draft)}
          next={next}
        />
      ) : (
        <Nothing text={sheet.items.length && todo ? TEXTS.allDone : TEXTS.noItems} />
      )}
    </Frame>
  );
}

function About({ sheet }: { sheet: Worksheet }): ReactNode {
  return (
    <Flex gap={8} align="center">
      <Link to="/comments">{TEXTS.back}</Link>
      <Tag>{TEXTS.statuses[sheet.status] ?? sheet.status}</Tag>
    </Flex>
  );
}

type ItemsProps = { items: Item[]; chosen: number; choose: (number: number) => void };

/** The table, turned to the page of what is chosen. */
function Items({ items, chosen, choose }: ItemsProps): ReactNode {
  const [page, turn] = useState(1);
  const at = items.findIndex(({ number }) => number === chosen);
  useEffect(() => {
    if (at >= 0) turn(Math.floor(at / PAGE_ROWS) + 1);
  }, [at]);
  return (
    <Rows<Item>
      rowKey="number"
      dataSource={items}
      pagination={{
        current: page,
        pageSize: PAGE_ROWS,
        onChange: turn,
        hideOnSinglePage: true,
        showSizeChanger: false,
      }}
      rowClassName={(one) => (one.number === chosen ? "ant-table-row-selected" : "")}
      columns={[
        {
          title: TEXTS.number,
          render: (_, one) => (
            <Button type="link" size="small" onClick={() => choose(one.number)}>
              {one.number}
            </Button>
          ),
        },
        { title: TEXTS.department, render: (_, one) => [one.institution, one.department].filter(Boolean).join(" ") },
        { title: TEXTS.prescriber, dataIndex: "prescriber" },
        {
          title: TEXTS.drugs,
          render: (_, one) => (one.prescription.lines ?? []).map((line) => line.name).join("、"),
        },
        { title: TEXTS.assignee, dataIndex: "assignee" },
        { title: TEXTS.result, render: (_, one) => <Verdict item={one} /> },
      ]}
    />
  );
}

function Actions({ sheet }: { sheet: Worksheet }): ReactNode {
  const save = useSaving();
  const session = useSession();
  const leads = useMay("comment.lead");
  const close = useTelling<unknown, typeof CLOSE>(CLOSE, [SHEET, "GET /api/v1/comments/rounds"]);
  const path = { round_id: sheet.id };
  const body = { by: { name: session.name, role: "supervisor" }, version: sheet.version };
  const open = sheet.status !== "closed";
  return (
    <>
      <Link to="results">
        <Button>{TEXTS.results}</Button>
      </Link>
      {useMay("comment.export") ? (
        <Button onClick={() => void save(BOOK, `${sheet.name}.xlsx`, { path })}>{TEXTS.exportSheet}</Button>
      ) : null}
      {useMay("comment.judge") && open ? <Uploading round={sheet.id} /> : null}
      {leads && open ? (
        <Popconfirm title={TEXTS.closeSure} onConfirm={() => close.mutate({ path, body })}>
          <Button danger>{TEXTS.close}</Button>
        </Popconfirm>
      ) : null}
    </>
  );
}
