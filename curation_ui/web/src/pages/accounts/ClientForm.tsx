/** Registers a hospital system; its secret, where it has one, is shown once. */
import { App, DatePicker, Form, Input, Radio, Select } from "antd";
import type { Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useSession } from "../../shared/session";
import { AddressField, KeysField, type KeysGiven, sent } from "./KeysForm";
import { useOnce } from "./once";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Clients, Proof, Roles, Secret } from "./types";

const ADD = "POST /api/v1/clients";
const ROLES = "GET /api/v1/roles";
const PROOFS = (Object.keys(TEXTS.proofs) as Proof[]).map((value) => ({ value, label: TEXTS.proofs[value] }));

type Registered = Partial<Secret> & { id: string };
type Given = KeysGiven & {
  id: string;
  title: string;
  tenant: string;
  permissions: string[];
  proof: Proof;
  certificate?: string;
  issuer?: string;
  expires?: Dayjs;
};

export function ClientForm({ found, close }: { found: Clients; close: () => void }): ReactNode {
  const { institution } = useSession();
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const show = useOnce();
  const titles = useAsked<Roles, typeof ROLES>(ROLES);
  const registered = ({ id, secret }: Registered): void => {
    close();
    if (secret) show(`${TEXTS.secret}：${id}`, secret, TEXTS.secretAbout);
    else void message.success(TEXTS.done);
  };
  const add = useTelling<Registered, typeof ADD>(ADD, ["GET /api/v1/clients"], registered);
  const proof = Form.useWatch("proof", form);
  const register = ({ proof: _, keys, kid, jku, certificate = "", issuer = "", expires, ...rest }: Given): void => {
    const until = expires?.endOf("day").toISOString() ?? "";
    const body = { ...rest, ...sent({ keys, kid, jku }), certificate, issuer: issuer.trim(), expires: until };
    add.mutate({ body });
  };
  const options = found.permissions.map((value) => ({ value, label: titles.data?.permissions[value] ?? value }));
  return (
    <Dialog
      open
      width={640}
      title={TEXTS.newClient}
      confirmLoading={add.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given>
        name="client"
        form={form}
        layout="vertical"
        initialValues={{ tenant: institution, proof: "secret", permissions: found.usual }}
        onFinish={register}
        clearOnDestroy
      >
        <Form.Item
          name="id"
          label={TEXTS.clientId}
          extra={TEXTS.clientIdAbout}
          rules={[...NEEDED, { pattern: /^[A-Za-z0-9_-]{1,80}$/, message: TEXTS.clientIdAbout }]}
        >
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="title" label={TEXTS.clientTitle} rules={NEEDED}>
          <Input maxLength={120} />
        </Form.Item>
        <Form.Item name="tenant" label={TEXTS.tenant} rules={NEEDED}>
          <TenantField />
        </Form.Item>
        <Form.Item name="permissions" label={TEXTS.permissions} rules={[{ required: true, message: TEXTS.needed }]}>
          <Select mode="multiple" maxTagCount="responsive" options={options} />
        </Form.Item>
        <Form.Item name="expires" label={TEXTS.expires}>
          <DatePicker />
        </Form.Item>
        <Form.Item name="proof" label={TEXTS.proves}>
          <Radio.Group options={PROOFS} />
        </Form.Item>
        {proof === "keys" ? <KeysField /> : null}
        {proof === "jku" ? <AddressField /> : null}
        {proof === "keys" || proof === "jku" ? (
          <Form.Item name="issuer" label={TEXTS.issuer} extra={TEXTS.issuerAbout}>
            <Input maxLength={300} autoComplete="off" placeholder="https://" />
          </Form.Item>
        ) : null}
        {proof === "certificate" ? (
          <Form.Item name="certificate" label={TEXTS.certificate} extra={TEXTS.certificateAbout} rules={NEEDED}>
            <Input />
          </Form.Item>
        ) : null}
      </Form>
    </Dialog>
  );
}
