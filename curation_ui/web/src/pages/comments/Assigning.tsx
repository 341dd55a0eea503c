/** Who is to judge an item; whoever leads hands it to another. */
import { App, AutoComplete, Button, Flex, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { useMay, useSession } from "../../shared/session";
import { TEXTS } from "./texts";
import type { Item } from "./types";

const ASSIGN = "POST /api/v1/comments/rounds/{round_id}/items/{number}/assignment";
const SHEET = "GET /api/v1/comments/rounds/{round_id}/worksheet";

type AssigningProps = { item: Item; closed: boolean; colleagues: string[] };

export function Assigning({ item, closed, colleagues }: AssigningProps): ReactNode {
  const { message } = App.useApp();
  const { name } = useSession();
  const [typed, type] = useState("");
  const assign = useTelling<Item, typeof ASSIGN>(ASSIGN, [SHEET], ({ assignee = "" }) => {
    message.success(TEXTS.assigned(assignee));
    type("");
  });
  const may = useMay("comment.lead") && !closed && !item.result;
  const to = typed.trim();
  const hand = (): void => {
    const body = { by: { name, role: "supervisor" }, to, version: item.version };
    assign.mutate({ path: { round_id: item.round, number: item.number }, body });
  };
  return (
    <Flex gap={8} align="center" wrap>
      <Typography.Text>{item.assignee ?? TEXTS.unassigned}</Typography.Text>
      {may ? (
        <span className="no-print">
          <AutoComplete
            aria-label={TEXTS.assignee}
            options={colleagues.filter((one) => one !== item.assignee).map((value) => ({ value }))}
            showSearch={{ filterOption: true }}
            value={typed}
            onChange={type}
            style={{ width: 160 }}
          />{" "}
          <Button disabled={!to || to === item.assignee} loading={assign.isPending} onClick={hand}>
            {TEXTS.assign}
          </Button>
        </span>
      ) : null}
    </Flex>
  );
}
