/** Appealing, correcting, deciding: what may be done with a defect in its state by whoever looks at it. */
import { App, Button, Flex, Form, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useMay } from "../../shared/session";
import { TEXTS } from "./texts";
import type { Action, Defect, State } from "./types";

const MOVE = "POST /api/v1/qc/defects/{defect}/moves";
const TOUCHED = [
  "GET /api/v1/qc/reports",
  "GET /api/v1/qc/reports/{report}",
  "GET /api/v1/qc/defects",
  "GET /api/v1/qc/defects/{defect}",
] as const;
const BY_DOCTORS: Partial<Record<State, Action[]>> = { found: ["appeal", "correct"], upheld: ["correct"] };
const BY_REVIEWERS: Partial<Record<State, Action[]>> = {
  appealed: ["uphold", "withdraw"],
  corrected: ["accept", "refuse"],
};
const WITHOUT_REASON: Action[] = ["correct", "accept"];

export function Moving({ defect }: { defect: Defect }): ReactNode {
  const [action, choose] = useState<Action>();
  const writes = useMay("qc.write") ? BY_DOCTORS[defect.state] : undefined;
  const decides = useMay("qc.decide") ? BY_REVIEWERS[defect.state] : undefined;
  const possible = [...(writes ?? []), ...(decides ?? [])];
  return (
    <Flex gap={8} wrap className="no-print">
      {possible.map((one) => (
        <Button key={one} size="small" onClick={() => choose(one)}>
          {TEXTS.actions[one]}
        </Button>
      ))}
      {action ? <Saying defect={defect} action={action} close={() => choose(undefined)} /> : null}
    </Flex>
  );
}

type SayingProps = { defect: Defect; action: Action; close: () => void };

function Saying({ defect, action, close }: SayingProps): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<{ reason?: string }>();
  const moved = (): void => {
    message.success(TEXTS.done);
    close();
  };
  const move = useTelling<Defect, typeof MOVE>(MOVE, [...TOUCHED], moved);
  const send = ({ reason }: { reason?: string }): void => {
    const body = { action, reason: reason?.trim() ?? "", revision: defect.revision };
    move.mutate({ path: { defect: defect.id }, body });
  };
  return (
    <Dialog
      open
      title={`${TEXTS.actions[action]}：${defect.title ?? defect.check}`}
      okText={TEXTS.actions[action]}
      confirmLoading={move.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form form={form} layout="vertical" onFinish={send}>
        <Form.Item
          name="reason"
          label={TEXTS.reason}
          rules={[{ required: !WITHOUT_REASON.includes(action), whitespace: true, message: TEXTS.reasonNeeded }]}
        >
          <Input.TextArea rows={3} maxLength={500} showCount />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
