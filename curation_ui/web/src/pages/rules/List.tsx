/** All rules. */
import { Button, Flex, Input } from "antd";
import { type Key, type ReactNode, useState } from "react";
import { Link } from "react-router";
import type { Found, Page } from "../../curation/types";
import { StandingTag, StatusTag } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { address, MOST } from "./rows";
import { TEXTS } from "./texts";

export function List(): ReactNode {
  const [wanted, look] = useState({ q: "", after: "" });
  const query = { kind: "rule", ...wanted, limit: 200 };
  const rules = useAsked<Page>("GET /api/v1/curation/records", { query }, { keep: true });
  const [chosen, choose] = useState<Key[]>([]);
  const may = useMay("knowledge.edit");
  const actions = (
    <>
      <Tabled ids={chosen} />
      {may ? (
        <Link to="new">
          <Button type="primary">{TEXTS.add}</Button>
        </Link>
      ) : null}
    </>
  );
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={actions} printable>
      <Flex className="curation-filters no-print">
        <Input.Search
          allowClear
          aria-label={TEXTS.words}
          placeholder={TEXTS.words}
          onSearch={(q) => look({ q, after: "" })}
          style={{ width: 240 }}
        />
      </Flex>
      <Asked query={rules} isEmpty={(found) => !found.records.length} empty={TEXTS.none}>
        {(found) => (
          <>
            <Rows<Found>
              rowKey="id"
              dataSource={found.records}
              rowSelection={{
                selectedRowKeys: chosen,
                preserveSelectedRowKeys: true,
                onChange: choose,
                getCheckboxProps: (one) => ({ "aria-label": `${TEXTS.table.choose} ${one.title}` }) as object,
              }}
              columns={[
                { title: TEXTS.name, render: (_, one) => <Link to={encodeURIComponent(one.id)}>{one.title}</Link> },
                { title: TEXTS.status, render: (_, one) => <StatusTag status={one.status} /> },
                { title: TEXTS.standing, render: (_, one) => <StandingTag standing={one.standing} /> },
                { title: TEXTS.changed, render: (_, one) => `${one.change} · ${one.by} · ${moment(one.at)}` },
              ]}
            />
            <Pager
              earlier={wanted.after !== ""}
              later={found.next !== ""}
              first={() => look({ ...wanted, after: "" })}
              next={() => look({ ...wanted, after: found.next })}
            />
          </>
        )}
      </Asked>
    </Frame>
  );
}

/** On to the rules that were chosen, as a table. */
function Tabled({ ids }: { ids: Key[] }): ReactNode {
  const T = TEXTS.table;
  if (ids.length > MOST) return <Button disabled>{`${T.most} ${MOST} ${T.rules}`}</Button>;
  return (
    <Link to={address(ids)}>
      <Button>{ids.length ? `${T.link}（${ids.length}）` : T.link}</Button>
    </Link>
  );
}
