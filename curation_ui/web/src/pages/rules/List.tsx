/** All rules. */
import { Button } from "antd";
import { type Key, type ReactNode, useState } from "react";
import { Link } from "react-router";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Choosing } from "./Choosing";
import { address, MOST } from "./rows";
import { TEXTS } from "./texts";

export function List(): ReactNode {
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
      <Choosing
        chosen={chosen}
        choose={choose}
        called={(rule) => <Link to={encodeURIComponent(rule.id)}>{rule.title}</Link>}
      />
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
