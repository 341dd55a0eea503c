/** Locking, unlocking, another password. */
import { App, Button, Flex, Popconfirm } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { useMay } from "../../shared/session";
import { useOnce } from "./once";
import { TEXTS } from "./texts";
import type { Account, Password } from "./types";

const ACCOUNTS = "GET /api/v1/accounts";
const LOCK = "POST /api/v1/accounts/{account_id}/lock";
const UNLOCK = "POST /api/v1/accounts/{account_id}/unlock";
const RESET = "POST /api/v1/accounts/{account_id}/reset";

export function Managing({ account }: { account: Account }): ReactNode {
  const { message } = App.useApp();
  const show = useOnce();
  const lock = useTelling<unknown, typeof LOCK>(LOCK, [ACCOUNTS]);
  const unlock = useTelling<unknown, typeof UNLOCK>(UNLOCK, [ACCOUNTS]);
  const reset = useTelling<Password, typeof RESET>(RESET, [ACCOUNTS]);
  const path = { account_id: account.id };
  const done = { onSuccess: () => void message.success(TEXTS.done) };
  const renewed = ({ temporaryPassword }: Password): void =>
    show(`${TEXTS.password}：${account.name}`, temporaryPassword, TEXTS.passwordAbout);
  if (!useMay("account.manage")) return null;
  return (
    <Flex gap={4} className="no-print">
      {account.locked ? (
        <Button size="small" onClick={() => unlock.mutate({ path }, done)}>
          {TEXTS.unlock}
        </Button>
      ) : (
        <Popconfirm title={TEXTS.lockSure} onConfirm={() => lock.mutate({ path }, done)}>
          <Button size="small" danger>
            {TEXTS.lock}
          </Button>
        </Popconfirm>
      )}
      <Popconfirm title={TEXTS.resetSure} onConfirm={() => reset.mutate({ path }, { onSuccess: renewed })}>
        <Button size="small">{TEXTS.reset}</Button>
      </Popconfirm>
    </Flex>
  );
}
