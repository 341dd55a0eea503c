/** By which channels a report is told. */
import { MinusCircleOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Flex, Form, Input, Select } from "antd";
import type { ReactNode } from "react";
import { options } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Channel } from "./types";

const NEEDED = [{ required: true, message: TEXTS.needed }];
const MOST = 10;

export function Channels(): ReactNode {
  return (
    <Form.List name="channels">
      {(fields, { add, remove }) => (
        <fieldset className="reports-channels">
          <legend>{TEXTS.channels}</legend>
          {fields.map(({ key, name }) => (
            <Flex key={key} gap={8} wrap align="start">
              <Form.Item name={[name, "kind"]} noStyle>
                <Select aria-label={TEXTS.kind} className="reports-kind" options={options(TEXTS.kinds)} />
              </Form.Item>
              <Form.Item name={[name, "name"]} rules={NEEDED}>
                <Input aria-label={TEXTS.channelName} placeholder={TEXTS.channelName} maxLength={28} />
              </Form.Item>
              <Reached place={name} />
              <Button icon={<MinusCircleOutlined />} aria-label={TEXTS.removeChannel} onClick={() => remove(name)} />
            </Flex>
          ))}
          <Button
            icon={<PlusOutlined />}
            disabled={fields.length >= MOST}
            onClick={() => add({ kind: "mail", name: TEXTS.kinds.mail })}
          >
            {TEXTS.addChannel}
          </Button>
        </fieldset>
      )}
    </Form.List>
  );
}

/** Whom a channel reaches; a message in Yigong reaches all who may see it there. */
function Reached({ place }: { place: number }): ReactNode {
  const kind: Channel["kind"] | undefined = Form.useWatch(["channels", place, "kind"]);
  if (kind === "webhook") {
    return (
      <>
        <Form.Item name={[place, "url"]} rules={NEEDED}>
          <Input aria-label={TEXTS.url} placeholder={TEXTS.url} />
        </Form.Item>
        <Form.Item name={[place, "robot"]} valuePropName="checked">
          <Checkbox>{TEXTS.robot}</Checkbox>
        </Form.Item>
      </>
    );
  }
  if (kind === "mail") return <Several place={place} field="to" label={TEXTS.to} />;
  return kind === "sms" ? <Several place={place} field="phones" label={TEXTS.phones} /> : null;
}

function Several({ place, field, label }: { place: number; field: string; label: string }): ReactNode {
  return (
    <Form.Item name={[place, field]} rules={NEEDED} className="reports-to">
      <Select mode="tags" open={false} suffixIcon={null} aria-label={label} placeholder={label} />
    </Form.Item>
  );
}
