/** Working the queue: the list, and the prescription that is looked at. */
import { App, Button, Flex, Segmented } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { TEXTS as SAID } from "../../prescription/texts";
import { useAddress } from "../../shared/address";
import { Frame } from "../../shared/frame";
import { useHotkeys } from "../../shared/hotkeys";
import { useSession } from "../../shared/session";
import { Asked, Nothing } from "../../shared/states";
import { Cut } from "../../shared/table";
import { Chosen } from "./Chosen";
import { type Decision, roleOf, type Scope, scopeOf, useCases, useChosen, useDecide } from "./desk";
import { List } from "./List";
import { TEXTS } from "./texts";

const SCOPES = Object.entries(TEXTS.scope).map(([value, label]) => ({ value: value as Scope, label }));

export function Work(): ReactNode {
  const { message } = App.useApp();
  const [asked, change] = useAddress();
  const scope = scopeOf(asked.get("part"));
  const { cases, query } = useCases(scope);
  const { chosen, choose, step, leave } = useChosen(cases, scope);
  const done = ({ action }: Decision, id: string): void => {
    const said = TEXTS.done[action];
    if (!said) return;
    message.success(said);
    if (action !== "recall") leave(id);
  };
  const { decide, busy } = useDecide(roleOf(useSession()), done);
  useHotkeys([
    { key: "j", title: TEXTS.keys.next, run: () => step(1) },
    { key: "k", title: TEXTS.keys.previous, run: () => step(-1) },
  ]);
  return (
    <Frame
      title={TEXTS.title}
      about={TEXTS.about}
      actions={
        <>
          <Segmented aria-label={TEXTS.which} options={SCOPES} value={scope} onChange={(part) => change({ part })} />
          <Link to="figures">
            <Button>{TEXTS.figures.open}</Button>
          </Link>
        </>
      }
      printable
    >
      <Asked query={query} isEmpty={() => cases.length === 0 && !chosen} empty={TEXTS.none}>
        {({ reviews, total }) => (
          <>
            <Cut shown={reviews.length} of={total} />
            <Flex gap={12} className="queue">
              <List cases={cases} chosen={chosen} choose={choose} />
              <section className="queue-case" aria-label={SAID.orders}>
                {chosen ? (
                  <Chosen key={chosen} id={chosen} decide={decide} busy={busy} />
                ) : (
                  <Nothing text={TEXTS.choose} />
                )}
              </section>
            </Flex>
          </>
        )}
      </Asked>
    </Frame>
  );
}
