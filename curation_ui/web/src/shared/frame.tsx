/** The frame of a page: title, what it is about, what can be done; on paper what it shows, who printed it and when. */
import { PrinterOutlined } from "@ant-design/icons";
import { Button, Flex } from "antd";
import { type ReactNode, useEffect, useRef } from "react";
import { useMedia } from "./media";
import { useSession } from "./session";
import { TOLD, told } from "./told";
import { moment } from "./words";

const TEXTS = {
  product: "医共",
  print: "打印",
  shown: "所示内容",
  institution: "机构",
  printer: "打印人",
  local: "本机使用",
  at: "打印时间",
};

type FrameProps = {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  /** Has a button that prints the page, or as it says. */
  printable?: boolean | (() => void);
  children: ReactNode;
};

export function Frame({ title, about, actions, printable, children }: FrameProps): ReactNode {
  const place = useRef<HTMLElement>(null);
  const onPaper = useMedia("print");
  useEffect(() => {
    document.title = `${title} · ${TEXTS.product}`;
  }, [title]);
  return (
    <section className="frame" aria-labelledby="frame-title" ref={place}>
      <Flex justify="space-between" align="center" wrap gap={8} className="frame-head">
        <div>
          <h1 id="frame-title">{title}</h1>
          {about ? <span className="muted">{about}</span> : null}
          {onPaper && place.current ? <Printed frame={place.current} /> : null}
        </div>
        <Flex gap={8} wrap className={TOLD}>
          {actions}
          {printable ? (
            <Button icon={<PrinterOutlined />} onClick={printable === true ? () => window.print() : printable}>
              {TEXTS.print}
            </Button>
          ) : null}
        </Flex>
      </Flex>
      {children}
    </section>
  );
}

function Printed({ frame }: { frame: Element }): ReactNode {
  const { kind, fullName, institutionName } = useSession();
  const shown = told(frame).join("；");
  const said = {
    [TEXTS.institution]: institutionName,
    [TEXTS.printer]: kind === "local" ? TEXTS.local : fullName,
    [TEXTS.at]: moment(new Date().toISOString()),
  };
  return (
    <div className="printed">
      {shown ? <div>{`${TEXTS.shown}：${shown}`}</div> : null}
      {Object.entries(said)
        .map(([what, it]) => `${what}：${it}`)
        .join("　")}
    </div>
  );
}
