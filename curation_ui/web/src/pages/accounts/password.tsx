/** Shows a temporary password once. */
import { App, Typography } from "antd";
import { TEXTS } from "./texts";

export function usePassword(): (account: string, password: string) => void {
  const { modal } = App.useApp();
  return (account, password) =>
    void modal.success({
      title: `${TEXTS.password}：${account}`,
      content: (
        <>
          <Typography.Paragraph code copyable>
            {password}
          </Typography.Paragraph>
          {TEXTS.passwordAbout}
        </>
      ),
    });
}
