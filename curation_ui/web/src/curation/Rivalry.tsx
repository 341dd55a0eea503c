/** What somebody else saved meanwhile, beside what it was when the form was opened. */
import { Alert, Button, Flex, Typography } from "antd";
import type { ReactNode } from "react";
import { Diff } from "./Diff";
import type { Draft } from "./drafting";

const TEXTS = {
  title: "他人在您编辑时保存了新版本",
  merged: "互不冲突的修改已自动合并，请核对后保存。左：您打开时的版本；右：他人保存的版本。",
  conflicts: "下列内容两人都改过，现为您的写法：",
  takeTheirs: "放弃我的修改，采用新版本",
};

export function Rivalry<F>({ draft: { rival, restart } }: { draft: Draft<F> }): ReactNode {
  if (!rival) return null;
  const conflicts = rival.conflicts.length ? `${TEXTS.conflicts}${rival.conflicts.join("、")}` : "";
  return (
    <Alert
      type="warning"
      showIcon
      title={TEXTS.title}
      description={
        <Flex vertical gap={8}>
          <Typography.Text>{TEXTS.merged}</Typography.Text>
          {conflicts ? <Typography.Text strong>{conflicts}</Typography.Text> : null}
          <Diff before={rival.before} after={rival.whole.text} />
          <div>
            <Button onClick={() => restart(rival.whole)}>{TEXTS.takeTheirs}</Button>
          </div>
        </Flex>
      }
    />
  );
}
