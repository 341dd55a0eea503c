/** Shows a secret once. */
import { App, Typography } from "antd";
import { TEXTS } from "./texts";

export function useOnce(): (title: string, secret: string, about: string) => void {
  const { modal } = App.useApp();
  return (title, secret, about) =>
    void modal.success({
      title,
      okText: TEXTS.noted,
      content: (
        <>
          <Typography.Paragraph code copyable>
            {secret}
          </Typography.Paragraph>
          {about}
        </>
      ),
    });
}
