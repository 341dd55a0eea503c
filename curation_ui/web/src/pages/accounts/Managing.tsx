/** Locking, unlocking, another password; a lost second factor taken away, logins ended. */
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
const UNFACTOR = "DELETE /api/v1/accounts/{account_id}/second-factor";
const END = "DELETE /api/v1/accounts/{account_id}/sessions";
const RESET = "POST /api/v1/accounts/{account_id}/reset";

export function Managing({ account }: { account: Account }): ReactNode {
  const { message } = App.useApp();
  const show = useOnce();
  const done = (): void => void message.success(TEXTS.done);
  const lock = useTelling<unknown, typeof LOCK>(LOCK, [ACCOUNTS], done);
  const unlock = useTelling<unknown, typeof UNLOCK>(UNLOCK, [ACCOUNTS], done);
  const unfactor = useTelling<unknown, typeof UNFACTOR>(UNFACTOR, [ACCOUNTS], done);
  const end = useTelling<unknown, typeof END>(END, [], done);
  const renewed = ({ temporaryPassword }: Password): void =>
    show(`${TEXTS.password}：${account.name}`, temporaryPassword, TEXTS.passwordAbout);
  const reset = useTelling<Password, typeof RESET>(RESET, [ACCOUNTS], renewed);
  const path = { account_id: account.id };
  if (!useMay("account.manage")) return null;
  return (
    <Flex gap={4} className="no-print">
      {account.locked ? (
        <Button size="small" loading={unlock.isPending} onClick={() => unlock.mutate({ path })}>
          {TEXTS.unlock}
        </Button>
      ) : (
        <Popconfirm title={TEXTS.lockSure} onConfirm={() => lock.mutate({ path })}>
          <Button size="small" danger>
            {TEXTS.lock}
          </Button>
        </Popconfirm>
      )}
      <Popconfirm title={TEXTS.resetSure} onConfirm={() => reset.mutate({ path })}>
        <Button size="small">{TEXTS.reset}</Button>
      </Popconfirm>
      <Popconfirm title={TEXTS.unfactorSure} onConfirm={() => unfactor.mutate({ path })}>
        <Button size="small">{TEXTS.unfactor}</Button>
      </Popconfirm>
      <Popconfirm title={TEXTS.endSure} onConfirm={() => end.mutate({ path })}>
        <Button size="small">{TEXTS.end}</Button>
      </Popconfirm>
    </Flex>
  );
}
