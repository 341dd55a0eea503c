/** A plan made, or changed. */
import { App, Checkbox, Form, Input, InputNumber, Select } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { options } from "../../shared/words";
import { Channels } from "./Channels";
import { SCHEDULES } from "./desk";
import { TEXTS } from "./texts";
import type { Every, Plan, Schedule } from "./types";
import { What } from "./What";

const ADD = "POST /api/v1/reports/schedules";
const CHANGE = "PUT /api/v1/reports/schedules/{number}";
const LATEST: Record<Every, number> = { day: 1, week: 7, month: 28, quarter: 28, year: 28 };
const LAST_HOUR = 23;
const LONGEST_TITLE = 80;
const LONGEST_KEPT = 3650;
const NEEDED = { required: true, message: TEXTS.needed };
const NEW: Partial<Plan> = {
  every: "month",
  content: "theme",
  by: [],
  compare: true,
  day: 1,
  hour: 8,
  format: "xlsx",
  channels: [{ kind: "message", name: TEXTS.kinds.message }],
};
/** What the form asks for, of which a field that is not shown is missing. */
type Given = Omit<Plan, "only" | "keepDays"> & { keepDays?: number | null };
type EditingProps = { schedule?: Schedule; keepDays: number; close: () => void };

export function Editing({ schedule, keepDays, close }: EditingProps): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const add = useTelling<Schedule, typeof ADD>(ADD, [SCHEDULES]);
  const change = useTelling<Schedule, typeof CHANGE>(CHANGE, [SCHEDULES]);
  const saved = (): void => {
    void message.success(TEXTS.saved);
    close();
  };
  const send = (given: Given): void => {
    const plan = planOf(given, schedule);
    if (schedule)
      change.mutate({ path: { number: schedule.id }, body: { plan, at: schedule.at } }, { onSuccess: saved });
    else add.mutate({ body: { plan } }, { onSuccess: saved });
  };
  return (
    <Dialog
      open
      title={schedule ? TEXTS.editing(schedule.plan.title) : TEXTS.add}
      confirmLoading={add.isPending || change.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form form={form} layout="vertical" initialValues={schedule?.plan ?? NEW} onFinish={send}>
        <Form.Item name="title" label={TEXTS.name} rules={[{ ...NEEDED, whitespace: true }]}>
          <Input maxLength={LONGEST_TITLE} />
        </Form.Item>
        <What />
        <When />
        <Form.Item name="format" label={TEXTS.format}>
          <Select options={options(TEXTS.formats)} />
        </Form.Item>
        <Form.Item name="keepDays" label={TEXTS.keepDays} extra={TEXTS.keepHint(keepDays)}>
          <InputNumber min={0} max={LONGEST_KEPT} precision={0} />
        </Form.Item>
        <Form.Item name="compare" valuePropName="checked">
          <Checkbox>{TEXTS.compare}</Checkbox>
        </Form.Item>
        <Channels />
      </Form>
    </Dialog>
  );
}

/** How often, and when after the period ended. */
function When(): ReactNode {
  const form = Form.useFormInstance<Given>();
  const every = Form.useWatch("every", form) ?? "month";
  return (
    <>
      <Form.Item name="every" label={TEXTS.every}>
        <Select options={options(TEXTS.everies)} onChange={() => form.setFieldValue("day", 1)} />
      </Form.Item>
      <Form.Item name="day" label={TEXTS.day} rules={[NEEDED]}>
        <InputNumber min={1} max={LATEST[every]} precision={0} />
      </Form.Item>
      <Form.Item name="hour" label={TEXTS.hour} rules={[NEEDED]}>
        <InputNumber min={0} max={LAST_HOUR} precision={0} />
      </Form.Item>
    </>
  );
}

/** The plan that a form means; filters stay as they are, but for a data set, which has its own. */
function planOf(given: Given, schedule: Schedule | undefined): Plan {
  const own = given.content === "dataset";
  return {
    ...given,
    title: given.title.trim(),
    of: given.of ?? "",
    by: own ? [] : (given.by ?? []),
    only: own ? {} : (schedule?.plan.only ?? {}),
    keepDays: given.keepDays ?? null,
  };
}
