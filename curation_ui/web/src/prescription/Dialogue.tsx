/** What happened and what pharmacist and prescriber said to each other, in order. */
import { Timeline, Typography } from "antd";
import type { ReactNode } from "react";
import { moment, ROLES } from "../shared/words";
import { TEXTS } from "./texts";
import type { Move } from "./types";

export function Dialogue({ moves }: { moves: Move[] }): ReactNode {
  return (
    <>
      <Typography.Title level={2}>{TEXTS.dialogue}</Typography.Title>
      <Timeline
        items={moves.map((one) => ({
          key: one.version,
          color: one.role === "prescriber" ? "blue" : "green",
          content: (
            <>
              <Typography.Text>
                {`${ROLES[one.role] ?? ""} ${one.role === "system" ? "" : one.by} ${TEXTS.moves[one.action] ?? one.action}`}
              </Typography.Text>{" "}
              <Typography.Text type="secondary">{moment(one.at)}</Typography.Text>
              {one.reason ? <blockquote className="said">{one.reason}</blockquote> : null}
            </>
          ),
        }))}
      />
    </>
  );
}
