/** What somebody must do before anything else: change the password, or begin to use a second factor. */
import { Alert, Button, Card, Form, Input, QRCode, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { refresh, useTelling } from "../shared/asking";
import type { Session } from "../shared/session";

const TEXTS = {
  change: "请先修改口令",
  old: "现在的口令",
  new: "新口令",
  again: "再次输入新口令",
  differs: "两次输入的新口令不一致",
  save: "保存新口令",
  factor: "请先启用动态口令",
  factorAbout: "您的角色须使用动态口令。请用验证器应用扫描二维码，再输入其显示的 6 位数字。",
  begin: "开始启用",
  secret: "无法扫描时手工输入密钥",
  code: "动态口令",
  confirm: "确认",
  codes: "请妥善保存恢复码，每个只能使用一次。此后不再显示。",
  done: "我已保存，继续",
  needed: "必填",
};

const entered = (): void => void refresh("GET /api/v1/session");

export function First({ session }: { session: Session }): ReactNode {
  return (
    <main className="alone">
      <Card className="alone-card">{session.blocked === "password" ? <NewPassword /> : <SecondFactor />}</Card>
    </main>
  );
}

type Passwords = { old: string; new: string; again: string };

/** The form that changes one's own password. */
export function NewPassword({ done = entered }: { done?: () => void }): ReactNode {
  const change = useTelling<unknown, "POST /api/v1/session/password">("POST /api/v1/session/password");
  const save = (given: Passwords): void =>
    change.mutate({ body: { old: given.old, new: given.new } }, { onSuccess: done });
  return (
    <Form<Passwords> layout="vertical" onFinish={save} requiredMark={false}>
      <Typography.Title level={2}>{TEXTS.change}</Typography.Title>
      <Form.Item name="old" label={TEXTS.old} rules={[{ required: true, message: TEXTS.needed }]}>
        <Input.Password autoFocus autoComplete="current-password" />
      </Form.Item>
      <Form.Item name="new" label={TEXTS.new} rules={[{ required: true, message: TEXTS.needed }]}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="again"
        label={TEXTS.again}
        dependencies={["new"]}
        rules={[
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              value === getFieldValue("new") ? Promise.resolve() : Promise.reject(new Error(TEXTS.differs)),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={change.isPending}>
        {TEXTS.save}
      </Button>
    </Form>
  );
}

function SecondFactor(): ReactNode {
  const begin = useTelling<{ secret: string; uri: string }>("POST /api/v1/session/second-factor");
  const confirm = useTelling<{ recoveryCodes: string[] }>("POST /api/v1/session/second-factor/confirmation");
  const [code, setCode] = useState("");
  if (confirm.data) return <RecoveryCodes codes={confirm.data.recoveryCodes} />;
  return (
    <>
      <Typography.Title level={2}>{TEXTS.factor}</Typography.Title>
      <Typography.Paragraph>{TEXTS.factorAbout}</Typography.Paragraph>
      {begin.data ? (
        <Form layout="vertical" onFinish={() => confirm.mutate({ body: { code } })}>
          <QRCode value={begin.data.uri} />
          <Typography.Paragraph copyable={{ text: begin.data.secret }}>
            {TEXTS.secret}：<code>{begin.data.secret}</code>
          </Typography.Paragraph>
          <Form.Item label={TEXTS.code}>
            <Input value={code} onChange={(e) => setCode(e.target.value)} inputMode="numeric" maxLength={6} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={confirm.isPending}>
            {TEXTS.confirm}
          </Button>
        </Form>
      ) : (
        <Button type="primary" block loading={begin.isPending} onClick={() => begin.mutate({})}>
          {TEXTS.begin}
        </Button>
      )}
    </>
  );
}

function RecoveryCodes({ codes }: { codes: string[] }): ReactNode {
  return (
    <>
      <Alert type="warning" showIcon title={TEXTS.codes} />
      <Typography.Paragraph copyable={{ text: codes.join("\n") }}>
        <code className="codes">{codes.join("\n")}</code>
      </Typography.Paragraph>
      <Button type="primary" block onClick={entered}>
        {TEXTS.done}
      </Button>
    </>
  );
}
