/** Tables as all pages have them: compact, scrolled sideways where they do not fit, by keyboard too. */
import { Button, Flex, Table, type TableProps } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import { usePaper } from "./media";

const TEXTS = {
  all: "全选本页",
  row: "选择",
  first: "第一页",
  next: "下一页",
  cut: (shown: number, of: number) => `只显示前 ${shown} 条，共 ${of} 条`,
};
const PAGES = { pageSize: 20, hideOnSinglePage: true, showSizeChanger: false };
const PAPER = { pagination: false, scroll: undefined, tableLayout: "auto" } as const;

type RowsProps<T> = TableProps<T> & {
  /** What a row is called for whoever ticks it. */
  called?: (row: T) => string;
};

/** `antd`'s table; whatever is given comes before what all tables have. On paper all its pages
 * stand below each other, as wide as that. */
export function Rows<T extends object>({ rowSelection, called = () => "", ...given }: RowsProps<T>): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const onPaper = usePaper();
  useEffect(() => {
    place.current?.querySelector(".ant-table-content")?.setAttribute("tabindex", "0");
    place.current?.querySelector(".ant-table-measure-row")?.setAttribute("inert", "");
  });
  const selection = rowSelection && {
    getTitleCheckboxProps: () => named(TEXTS.all),
    ...rowSelection,
    getCheckboxProps: (row: T) => ({
      ...named(`${TEXTS.row} ${called(row)}`),
      ...rowSelection.getCheckboxProps?.(row),
    }),
  };
  return (
    <div ref={place}>
      <Table<T>
        size="small"
        pagination={PAGES}
        scroll={{ x: "max-content" }}
        rowSelection={selection}
        {...given}
        {...(onPaper ? PAPER : undefined)}
      />
    </div>
  );
}

/** What a tick is called: by itself antd says it in English. */
function named(label: string): object {
  return { "aria-label": label };
}

type PagerProps = { earlier: boolean; later: boolean; first: () => void; next: () => void };

/** On to further rows and back to the first, where the service gives them page by page. */
export function Pager({ earlier, later, first, next }: PagerProps): ReactNode {
  if (!earlier && !later) return null;
  return (
    <Flex gap={8} className="no-print">
      <Button disabled={!earlier} onClick={first}>
        {TEXTS.first}
      </Button>
      <Button disabled={!later} onClick={next}>
        {TEXTS.next}
      </Button>
    </Flex>
  );
}

type TurningProps = { offset: number; next: number | null; turn: (offset: number) => void };

/** `Pager` of what the service gives from an offset on. */
export function Turning({ offset, next, turn }: TurningProps): ReactNode {
  return <Pager earlier={offset > 0} later={next !== null} first={() => turn(0)} next={() => turn(next ?? 0)} />;
}

/** Says that a list goes on beyond what is shown of it. */
export function Cut({ shown, of }: { shown: number; of: number }): ReactNode {
  return shown < of ? <p className="muted">{TEXTS.cut(shown, of)}</p> : null;
}
