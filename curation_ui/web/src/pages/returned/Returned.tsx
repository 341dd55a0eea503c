/** The prescriber's side of the dialogue: prescriptions that a pharmacist returned. */
import { App, Button, Flex, Form, Input } from "antd";
import type { ReactNode } from "react";
import { Overview } from "../../prescription/Overview";
import type { Case } from "../../prescription/types";
import { FindingView } from "../../shared/finding";
import { Frame } from "../../shared/frame";
import { Asked } from "../../shared/states";
import { type Decision, useCases, useChosen, useDecide, useWhole } from "../queue/desk";
import { List } from "../queue/List";
import "../queue/queue.css";
import { TEXTS } from "./texts";

const ACTIONS = Object.entries(TEXTS.actions);

export default function Returned(): ReactNode {
  const { message } = App.useApp();
  const { cases, query } = useCases("returned");
  const { chosen, choose, leave } = useChosen(cases);
  const { decide, busy } = useDecide("prescriber", (_, id) => {
    message.success(TEXTS.done);
    leave(id);
  });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} printable>
      <Asked query={query} isEmpty={() => cases.length === 0} empty={TEXTS.none}>
        {() => (
          <Flex gap={12} className="queue">
            <List cases={cases} chosen={chosen} choose={choose} />
            <section className="queue-case" aria-label={TEXTS.title}>
              {chosen ? <One key={chosen} id={chosen} decide={decide} busy={busy} /> : null}
            </section>
          </Flex>
        )}
      </Asked>
    </Frame>
  );
}

type OneProps = { decide: (one: Case, decision: Decision) => Promise<void>; busy: boolean };

function One({ id, ...deciding }: { id: string } & OneProps): ReactNode {
  return (
    <Asked query={useWhole(id)}>
      {(whole) => (
        <>
          <Overview one={whole}>{(found) => <FindingView key={found.findingId} finding={found} />}</Overview>
          <Reply one={whole.review} {...deciding} />
        </>
      )}
    </Asked>
  );
}

function Reply({ one, decide, busy }: { one: Case } & OneProps): ReactNode {
  const [form] = Form.useForm<{ reason: string }>();
  const send = (action: string): Promise<void> =>
    form.validateFields().then(
      ({ reason }) => decide(one, { action, reason }),
      () => undefined, // what is missing is said at the field
    );
  return (
    <Form form={form} layout="vertical" className="no-print">
      <Form.Item
        name="reason"
        label={TEXTS.reply}
        rules={[{ required: true, whitespace: true, message: TEXTS.needed }]}
      >
        <Input.TextArea rows={3} maxLength={1000} showCount />
      </Form.Item>
      <Flex gap={8} wrap>
        {ACTIONS.map(([action, label], at) => (
          <Button key={action} type={at ? "default" : "primary"} disabled={busy} onClick={() => void send(action)}>
            {label}
          </Button>
        ))}
      </Flex>
    </Form>
  );
}
