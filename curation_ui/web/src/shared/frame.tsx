/** The frame of a page: title, what it is about, what can be done. */
import { PrinterOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { type ReactNode, useEffect } from "react";

const TEXTS = { product: "医共", print: "打印" };

type FrameProps = { title: string; about?: ReactNode; actions?: ReactNode; printable?: boolean; children: ReactNode };

export function Frame({ title, about, actions, printable, children }: FrameProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · ${TEXTS.product}`;
  }, [title]);
  return (
    <section className="frame" aria-labelledby="frame-title">
      <Flex justify="space-between" align="center" wrap gap={8} className="frame-head">
        <div>
          <h1 id="frame-title">{title}</h1>
          {about ? <span className="muted">{about}</span> : null}
        </div>
        <Flex gap={8} wrap className="no-print">
          {actions}
          {printable ? (
            <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
              {TEXTS.print}
            </Button>
          ) : null}
        </Flex>
      </Flex>
      {children}
    </section>
  );
}
