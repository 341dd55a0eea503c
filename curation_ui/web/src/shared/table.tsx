/** Tables as all pages have them: compact, scrolled sideways where they do not fit, by keyboard too. */
import { Table, type TableProps } from "antd";
import { type ReactNode, useEffect, useRef } from "react";

const PAGES = { pageSize: 20, hideOnSinglePage: true, showSizeChanger: false };

/** `antd`'s table; whatever is given comes before what all tables have. */
export function Rows<T extends object>(given: TableProps<T>): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.querySelector(".ant-table-content")?.setAttribute("tabindex", "0");
    place.current?.querySelector(".ant-table-measure-row")?.setAttribute("inert", "");
  });
  return (
    <div ref={place}>
      <Table<T> size="small" pagination={PAGES} scroll={{ x: "max-content" }} {...given} />
    </div>
  );
}
