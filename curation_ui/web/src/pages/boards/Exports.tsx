/** Figures as files. */
import { App, Button } from "antd";
import type { ReactNode } from "react";
import { type Failure, type Options, save } from "../../shared/client";
import { TEXTS } from "./texts";

type Of =
  | { endpoint: "GET /api/v1/reports/{theme}"; path: { theme: string } }
  | { endpoint: "GET /api/v1/indicators/{name}"; path: { name: string } };

const FORMATS = ["xlsx", "csv"] as const;

export function Exports({ of, query }: { of: Of; query: NonNullable<Options["query"]> }): ReactNode {
  const { message } = App.useApp();
  const saved = (format: (typeof FORMATS)[number]): void => {
    const name = `${Object.values(of.path)[0]}-${query.period}.${format}`;
    save(of.endpoint, name, { path: of.path, query: { ...query, format } } as Options<typeof of.endpoint>).catch(
      (error: Failure) => message.error(error.message),
    );
  };
  return FORMATS.map((format) => (
    <Button key={format} onClick={() => saved(format)}>
      {TEXTS[format]}
    </Button>
  ));
}
