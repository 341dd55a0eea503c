/** Claim, approve, return, hand on, call back; by mouse or by one key each. */
import { Alert, Button, Flex, Form, Input, Popconfirm, Select } from "antd";
import { type ReactNode, useState } from "react";
import type { Case } from "../../prescription/types";
import { Dialog } from "../../shared/dialog";
import type { Finding } from "../../shared/finding";
import { useHotkeys } from "../../shared/hotkeys";
import { useSettled } from "../../shared/settled";
import { type Decision, RECALLABLE } from "./desk";
import { Handing } from "./Handing";
import { TEXTS } from "./texts";

export type ActionsProps = {
  one: Case;
  /** What was found in it, and which of that is marked as a false alarm. */
  findings: Finding[];
  falseOnes: string[];
  decide: (one: Case, decision: Decision) => Promise<void>;
  busy: boolean;
};

const OPEN = ["pending", "held", "claimed", "bypassed"];

const HANDED = ["pending", "held", "claimed"];

export function Actions({ one, findings, falseOnes, decide, busy: deciding }: ActionsProps): ReactNode {
  const [returning, setReturning] = useState(false);
  const [handing, setHanding] = useState(false);
  const busy = !useSettled() || deciding;
  const open = OPEN.includes(one.status);
  const hindrance = hindered(one);
  const canApprove = open && !hindrance && !busy;
  const claim = (): void => void decide(one, { action: "claim" });
  const unclaim = (): void => void decide(one, { action: "unclaim" });
  const approve = (): void => void decide(one, { action: "approve", findings: falseOnes });
  const canHand = HANDED.includes(one.status) && !busy;
  const canClaim = one.status === "pending" || one.status === "held";
  useHotkeys([
    { key: "c", title: TEXTS.keys.claim, run: claim, disabled: !canClaim || busy },
    { key: "u", title: TEXTS.keys.unclaim, run: unclaim, disabled: one.status !== "claimed" || busy },
    { key: "a", title: TEXTS.keys.approve, run: approve, disabled: !canApprove },
    { key: "r", title: TEXTS.keys.return, run: () => setReturning(true), disabled: !open || busy },
    { key: "t", title: TEXTS.keys.reassign, run: () => setHanding(true), disabled: !canHand },
  ]);
  if (RECALLABLE.includes(one.status)) return <Recalling one={one} decide={decide} busy={busy} />;
  if (!open) return null;
  return (
    <div className="queue-actions no-print">
      {hindrance ? <Alert type="error" showIcon title={hindrance} /> : null}
      <Flex gap={8} wrap>
        <Button type="primary" disabled={!canApprove} loading={deciding} onClick={approve}>
          {TEXTS.approve}（a）
        </Button>
        <Button danger disabled={busy} onClick={() => setReturning(true)}>
          {TEXTS.return}（r）
        </Button>
        {canClaim ? (
          <Button disabled={busy} onClick={claim}>
            {TEXTS.claim}（c）
          </Button>
        ) : null}
        {one.status === "claimed" ? (
          <Button disabled={busy} onClick={unclaim}>
            {TEXTS.unclaim}（u）
          </Button>
        ) : null}
        {HANDED.includes(one.status) ? (
          <Button disabled={!canHand} onClick={() => setHanding(true)}>
            {TEXTS.reassign}（t）
          </Button>
        ) : null}
      </Flex>
      {returning ? (
        <Returning one={one} findings={findings} decide={decide} close={() => setReturning(false)} />
      ) : null}
      {handing ? <Handing one={one} decide={decide} close={() => setHanding(false)} /> : null}
    </div>
  );
}

/** Why it cannot be approved, if so. */
function hindered(one: Case): string {
  if (one.neverList) return TEXTS.neverApprove;
  return one.severity === "contraindicated" && !one.signedTwice ? TEXTS.cannotApprove : "";
}

function Recalling({ one, decide, busy }: Omit<ActionsProps, "findings" | "falseOnes">): ReactNode {
  return (
    <div className="queue-actions no-print">
      <Popconfirm title={TEXTS.recallSure} onConfirm={() => void decide(one, { action: "recall" })}>
        <Button danger disabled={busy}>
          {TEXTS.recall}
        </Button>
      </Popconfirm>
    </div>
  );
}

export type DialogProps = Pick<ActionsProps, "one" | "decide"> & { close: () => void };

function Returning({ one, findings, decide, close }: DialogProps & Pick<ActionsProps, "findings">): ReactNode {
  const [form] = Form.useForm<{ reason: string }>();
  const advice = findings.map(({ summary, advice }) => [summary, advice].filter(Boolean).join("；"));
  const options = [
    { label: TEXTS.suggested, options: advice.map((text) => ({ value: text, label: text })) },
    { label: TEXTS.quick, options: TEXTS.reasons.map((text) => ({ value: text, label: text })) },
  ];
  const send = ({ reason }: { reason: string }): void => {
    close();
    void decide(one, { action: "return", reason });
  };
  return (
    <Dialog open title={TEXTS.return} okText={TEXTS.send} onOk={() => form.submit()} onCancel={close}>
      <Form form={form} layout="vertical" onFinish={send}>
        <Form.Item label={TEXTS.quick}>
          <Select
            aria-label={TEXTS.quick}
            options={options}
            onChange={(reason: string) => form.setFieldsValue({ reason })}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={TEXTS.reason}
          rules={[{ required: true, whitespace: true, message: TEXTS.reasonNeeded }]}
        >
          <Input.TextArea rows={4} maxLength={1000} showCount />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
