/** What stands where an answer is loading, empty, failed or there. */
import type { UseQueryResult } from "@tanstack/react-query";
import { Button, Empty, Result, Skeleton } from "antd";
import { Component, type ReactNode, useRef, useState } from "react";
import type { Failure } from "./client";

const TEXTS = {
  loading: "正在加载",
  empty: "暂无内容",
  again: "重试",
  forbidden: "您没有查看该内容的权限",
  missing: "没有找到该内容",
  failed: "未能加载",
  broken: "页面出现错误",
  brokenHint: "已保存的内容不受影响。请重新加载；若反复出现，请联系系统管理员。",
  reload: "重新加载",
};

/** Grey lines in place of what is being loaded, and why it takes longer. */
export function Loading({ rows = 6, why }: { rows?: number; why?: string }): ReactNode {
  return (
    <div role="status" aria-label={TEXTS.loading} className="state">
      {why}
      <Skeleton active paragraph={{ rows }} />
    </div>
  );
}

/** Nothing to show, and why, or what to do. */
export function Nothing({ text = TEXTS.empty, children }: { text?: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <Empty className="state" image={Empty.PRESENTED_IMAGE_SIMPLE} description={text}>
      {children}
    </Empty>
  );
}

/** What went wrong, and another try. */
function Failed({ error, again }: { error: Failure; again: () => Promise<unknown> }): ReactNode {
  const [trying, tries] = useState(false);
  const retry = (): void => {
    tries(true);
    void again().finally(() => tries(false));
  };
  const button = (
    <Button loading={trying} onClick={retry}>
      {TEXTS.again}
    </Button>
  );
  const title = { 403: TEXTS.forbidden, 404: TEXTS.missing }[error.status] ?? TEXTS.failed;
  return (
    <Result
      className="state"
      status={error.status === 403 ? "403" : "warning"}
      title={title}
      subTitle={error.message}
      extra={error.status === 403 ? null : button}
    />
  );
}

type AskedProps<T> = {
  query: UseQueryResult<T, Failure>;
  rows?: number;
  /** Whether an answer has nothing to show. */
  isEmpty?: (answer: T) => boolean;
  empty?: ReactNode;
  children: (answer: T) => ReactNode;
};

/** An answer in whatever state it is. What failed is shown until there is one, while it is asked for anew too. */
export function Asked<T>({ query, rows, isEmpty, empty, children }: AskedProps<T>): ReactNode {
  const failed = useRef(query.error);
  failed.current = query.error ?? (query.errorUpdateCount ? failed.current : null);
  if (query.data === undefined) {
    const soon = !query.error && query.failureReason?.soonMs ? query.failureReason : null;
    if (failed.current && !soon) return <Failed error={failed.current} again={query.refetch} />;
    return <Loading rows={rows} why={soon?.message} />;
  }
  return isEmpty?.(query.data) ? <Nothing text={empty} /> : children(query.data);
}

/** Keeps a fault of one part from taking the window with it. */
export class Guard extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    const reload = <Button onClick={() => location.reload()}>{TEXTS.reload}</Button>;
    return <Result status="error" title={TEXTS.broken} subTitle={TEXTS.brokenHint} extra={reload} />;
  }
}
