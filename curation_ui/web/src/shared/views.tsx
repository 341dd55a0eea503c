/** Views of a board that people keep, for themselves or for their institution: opened, kept, removed. */
import { DownOutlined } from "@ant-design/icons";
import type { UseQueryResult } from "@tanstack/react-query";
import { App, Button, Checkbox, Dropdown, Form, Input, type MenuProps } from "antd";
import { type ReactNode, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { useAsked, useTelling } from "./asking";
import type { Failure } from "./client";
import { Dialog } from "./dialog";
import "./views.css";

const LIST = "GET /api/v1/views";
const KEEP = "POST /api/v1/views";
const REMOVE = "POST /api/v1/views/{number}/removal";
const BASE = "/ui";
const LONGEST = 60;
const MENU = "views-menu";
/** How far a list was turned: no part of what a board is narrowed to. */
const TURNED = ["before", "offset"];
const TEXTS = {
  views: "视图",
  own: "我的视图",
  shared: "机构共享",
  by: (title: string, author: string) => `${title}（${author}）`,
  none: "还没有保存的视图",
  loading: "正在加载",
  keep: "保存当前视图…",
  keeping: "保存当前视图",
  title: "名称",
  needed: "请填写名称",
  share: "共享给本机构及下级机构",
  hint: "视图保存本页的筛选条件。没有选定日期或期间的，每次打开都按当时的默认期间显示，如最近 30 天、上月。名称请勿含患者信息。",
  kept: "视图已保存",
  remove: "删除视图",
  removing: (title: string) => `删除“${title}”`,
  removeSure: (title: string) => `删除视图“${title}”？`,
  removeShared: "该视图已共享，删除后其他人也不能再使用。",
  removed: "视图已删除",
};

type View = {
  id: string;
  title: string;
  address: string;
  shared: boolean;
  author: string;
  own: boolean;
  removable: boolean;
};
type Offered = { views: View[]; mayShare: boolean };
const NONE: Offered = { views: [], mayShare: false };
type Items = NonNullable<MenuProps["items"]>;

/** A menu of the views of a board; `page` is what the service calls it. They are asked for when it is opened. */
export function Views({ page }: { page: string }): ReactNode {
  const [opened, open] = useState(false);
  const [keeping, keep] = useState(false);
  const here = useHere();
  const offered = useAsked<Offered, typeof LIST>(LIST, { query: { page } }, { enabled: opened || keeping });
  const items = useItems(offered, () => keep(true));
  const { views, mayShare } = offered.data ?? NONE;
  const chosen = views.filter((one) => one.address === here).map((one) => one.id);
  return (
    <>
      <Dropdown
        trigger={["click"]}
        autoFocus
        onOpenChange={open}
        menu={{ items, selectedKeys: chosen, className: MENU }}
      >
        <Button aria-haspopup="menu" aria-expanded={opened} icon={<DownOutlined />} iconPlacement="end">
          {TEXTS.views}
        </Button>
      </Dropdown>
      {keeping ? <Keeping address={here} mayShare={mayShare} close={() => keep(false)} /> : null}
    </>
  );
}

function useItems({ data, error }: UseQueryResult<Offered, Failure>, keep: () => void): Items {
  const navigate = useNavigate();
  const remove = useRemoving();
  const { views } = data ?? NONE;
  const opening = (one: View): Items[number] => ({
    key: one.id,
    label: one.own ? one.title : TEXTS.by(one.title, one.author),
    onClick: () => void navigate(one.address.slice(BASE.length)),
  });
  const none = error?.message ?? (data ? TEXTS.none : TEXTS.loading);
  const removing = views
    .filter((one) => one.removable)
    .map((one) => ({ key: `remove ${one.id}`, label: TEXTS.removing(one.title), onClick: () => remove(one) }));
  return [
    ...(views.length ? [] : [{ key: "none", label: none, disabled: true }]),
    ...group(TEXTS.own, views.filter((one) => one.own).map(opening)),
    ...group(TEXTS.shared, views.filter((one) => !one.own).map(opening)),
    { type: "divider" },
    { key: "keep", label: TEXTS.keep, onClick: keep },
    ...(removing.length ? [{ key: "remove", label: TEXTS.remove, popupClassName: MENU, children: removing }] : []),
  ];
}

/** The address of what is shown, from its first row on. */
function useHere(): string {
  const { pathname, search } = useLocation();
  const query = new URLSearchParams(search);
  for (const name of TURNED) query.delete(name);
  return `${BASE}${pathname}${query.size ? `?${query}` : ""}`;
}

function group(label: string, children: Items): Items {
  return children.length ? [{ key: label, type: "group", label, children }] : [];
}

/** Removes a view when whoever asked for it is sure. */
function useRemoving(): (view: View) => void {
  const { message, modal } = App.useApp();
  const removed = (): void => void message.success(TEXTS.removed);
  const remove = useTelling<unknown, typeof REMOVE>(REMOVE, [LIST], removed);
  return ({ id, title, shared }) =>
    void modal.confirm({
      title: TEXTS.removeSure(title),
      content: shared ? TEXTS.removeShared : null,
      okText: TEXTS.remove,
      okButtonProps: { danger: true },
      onOk: () => remove.mutate({ path: { number: id } }),
    });
}

type Fields = { title: string; shared?: boolean };
type KeepingProps = { address: string; mayShare: boolean; close: () => void };

function Keeping({ address, mayShare, close }: KeepingProps): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const kept = (): void => {
    void message.success(TEXTS.kept);
    close();
  };
  const keep = useTelling<View, typeof KEEP>(KEEP, [LIST], kept);
  const send = ({ title, shared = false }: Fields): void =>
    keep.mutate({ body: { title: title.trim(), address, shared } });
  return (
    <Dialog open title={TEXTS.keeping} confirmLoading={keep.isPending} onOk={() => form.submit()} onCancel={close}>
      <Form form={form} layout="vertical" onFinish={send}>
        <Form.Item
          name="title"
          label={TEXTS.title}
          extra={TEXTS.hint}
          rules={[{ required: true, whitespace: true, message: TEXTS.needed }]}
        >
          <Input maxLength={LONGEST} />
        </Form.Item>
        {mayShare ? (
          <Form.Item name="shared" valuePropName="checked" noStyle>
            <Checkbox>{TEXTS.share}</Checkbox>
          </Form.Item>
        ) : null}
      </Form>
    </Dialog>
  );
}
