/** Logging in. */
import { LockOutlined, SafetyOutlined, UserOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Divider, Form, Input, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import { refresh, useAsked, useTelling } from "../shared/asking";
import { ProviderLogin } from "./provider";

const TEXTS = {
  title: "医共",
  about: "区域医共体临床决策服务",
  name: "账号",
  password: "口令",
  code: "动态口令（未启用可不填）",
  login: "登录",
  needsName: "请输入账号",
  needsPassword: "请输入口令",
  or: "或",
  insecure: "当前以未加密的 HTTP 访问，浏览器不会保存登录状态。请改用 HTTPS 地址访问。",
};

type Given = { name: string; password: string; code?: string };

export function Login(): ReactNode {
  const login = useTelling<unknown, "POST /api/v1/session">("POST /api/v1/session");
  const provider = useAsked<{ title?: string }, "GET /api/v1/oidc">("GET /api/v1/oidc");
  useEffect(() => {
    document.title = `${TEXTS.login} · ${TEXTS.title}`;
  }, []);
  const enter = ({ name, password, code = "" }: Given): void =>
    login.mutate(
      { body: { name, password, code, cookie: true } },
      { onSuccess: () => void refresh("GET /api/v1/session") },
    );
  return (
    <main className="alone">
      <Card className="alone-card">
        <Typography.Title level={1}>{TEXTS.title}</Typography.Title>
        <Typography.Paragraph type="secondary">{TEXTS.about}</Typography.Paragraph>
        {window.isSecureContext ? null : <Alert type="warning" showIcon title={TEXTS.insecure} />}
        <Form<Given> layout="vertical" onFinish={enter} requiredMark={false}>
          <Form.Item name="name" label={TEXTS.name} rules={[{ required: true, message: TEXTS.needsName }]}>
            <Input prefix={<UserOutlined />} autoComplete="username" autoFocus />
          </Form.Item>
          <Form.Item
            name="password"
            label={TEXTS.password}
            rules={[{ required: true, message: TEXTS.needsPassword }]}
          >
            <Input.Password prefix={<LockOutlined />} autoComplete="current-password" />
          </Form.Item>
          <Form.Item name="code" label={TEXTS.code}>
            <Input prefix={<SafetyOutlined />} autoComplete="one-time-code" inputMode="numeric" maxLength={20} />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={login.isPending}>
            {TEXTS.login}
          </Button>
        </Form>
        {provider.data?.title ? (
          <>
            <Divider plain>{TEXTS.or}</Divider>
            <ProviderLogin title={provider.data.title} />
          </>
        ) : null}
      </Card>
    </main>
  );
}
