/** Whoever uses the window: where they work, light or dark, password, logging out. */
import { BulbOutlined, QuestionCircleOutlined, UserOutlined } from "@ant-design/icons";
import { Button, Dropdown, Flex, Tag, Typography } from "antd";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { CACHE, useTelling } from "../shared/asking";
import { Dialog } from "../shared/dialog";
import { useSession } from "../shared/session";
import { Loading } from "../shared/states";
import type { Look } from "./Entrance";
import { MODES, type Mode } from "./theme";

const TEXTS = {
  look: "外观",
  keys: "快捷键（?）",
  account: "账号",
  local: "本机使用",
  localAbout: "尚未开立账号：仅本机可用，拥有全部权限",
  password: "修改口令",
  logout: "退出登录",
};

const NewPassword = lazy(() => import("./First").then(({ NewPassword }) => ({ default: NewPassword })));
const LOGOUT = "DELETE /api/v1/session";

export function Account({ mode, setMode }: Look): ReactNode {
  const session = useSession();
  const modes = Object.entries(MODES).map(([key, label]) => ({ key, label }));
  return (
    <Flex align="center" gap={4}>
      <Dropdown
        trigger={["click"]}
        menu={{ items: modes, selectedKeys: [mode], onClick: ({ key }) => setMode(key as Mode) }}
      >
        <Button type="text" icon={<BulbOutlined />} aria-label={TEXTS.look} />
      </Dropdown>
      <Button
        type="text"
        icon={<QuestionCircleOutlined />}
        aria-label={TEXTS.keys}
        title={TEXTS.keys}
        onClick={() => window.dispatchEvent(new KeyboardEvent("keydown", { key: "?" }))}
      />
      {session.kind === "account" ? <Person /> : <Tag title={TEXTS.localAbout}>{TEXTS.local}</Tag>}
    </Flex>
  );
}

function Person(): ReactNode {
  const session = useSession();
  const [changing, change] = useState(false);
  const logout = useTelling<{ onward?: string }, typeof LOGOUT>(LOGOUT);
  const left = ({ onward = "/ui/" }: { onward?: string }): void => {
    CACHE.clear();
    location.assign(onward);
  };
  const own = { key: "password", label: TEXTS.password, onClick: () => change(true) };
  const items = [
    { key: "who", disabled: true, label: <Who /> },
    ...(session.provider ? [] : [own]),
    { key: "logout", label: TEXTS.logout, onClick: () => logout.mutate({}, { onSuccess: left }) },
  ];
  return (
    <>
      <Dropdown trigger={["click"]} menu={{ items }}>
        <Button type="text" icon={<UserOutlined />} title={TEXTS.account}>
          {session.fullName}
        </Button>
      </Dropdown>
      <Dialog open={changing} footer={null} onCancel={() => change(false)} destroyOnHidden>
        <Suspense fallback={<Loading />}>
          <NewPassword done={() => change(false)} />
        </Suspense>
      </Dialog>
    </>
  );
}

function Who(): ReactNode {
  const { name, institution, roles } = useSession();
  return (
    <Typography.Text type="secondary">
      {name} · {institution}
      <br />
      {roles.map((role) => role.title).join("、")}
    </Typography.Text>
  );
}
