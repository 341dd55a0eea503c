/** What a report tells of: a theme, a data set, or what crosses its warning line, and by which dimensions. */
import { Form, Select } from "antd";
import type { ReactNode } from "react";
import type { Catalogue } from "../../figures/types";
import { useAsked } from "../../shared/asking";
import { options } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Content } from "./types";

const INDICATORS = "GET /api/v1/indicators";
const DATASETS = "GET /api/v1/analysis/datasets";
const NEEDED = [{ required: true, message: TEXTS.needed }];
const SEARCH = { optionFilterProp: "label" };

export function What(): ReactNode {
  const form = Form.useFormInstance();
  const content: Content = Form.useWatch("content", form) ?? "theme";
  return (
    <>
      <Form.Item name="content" label={TEXTS.content}>
        <Select options={options(TEXTS.contents)} onChange={() => form.setFieldsValue({ of: undefined, by: [] })} />
      </Form.Item>
      {content === "dataset" ? <OfDataset /> : <OfTheme all={content === "warnings"} />}
    </>
  );
}

function OfDataset(): ReactNode {
  const known = useAsked<{ datasets: { id: string; title: string }[] }, typeof DATASETS>(DATASETS);
  const datasets = (known.data?.datasets ?? []).map(({ id, title }) => ({ value: id, label: title }));
  return (
    <Form.Item name="of" label={TEXTS.dataset} rules={NEEDED}>
      <Select showSearch={SEARCH} loading={known.isPending} options={datasets} />
    </Form.Item>
  );
}

/** A theme and dimensions; `all`: no theme means all indicators. */
function OfTheme({ all }: { all: boolean }): ReactNode {
  const known = useAsked<Catalogue, typeof INDICATORS>(INDICATORS, {}, { staleMs: Number.POSITIVE_INFINITY });
  const themes = (known.data?.themes ?? []).map(({ id, title }) => ({ value: id, label: title }));
  const named = (known.data?.indicators ?? []).flatMap((one) => one.dimensions.map(({ id, title }) => [id, title]));
  return (
    <>
      <Form.Item name="of" label={TEXTS.theme} rules={all ? [] : NEEDED}>
        <Select
          showSearch={SEARCH}
          loading={known.isPending}
          options={all ? [{ value: "", label: TEXTS.allThemes }, ...themes] : themes}
          placeholder={all ? TEXTS.allThemes : undefined}
        />
      </Form.Item>
      <Form.Item name="by" label={TEXTS.by}>
        <Select mode="multiple" showSearch={SEARCH} options={options(Object.fromEntries(named))} />
      </Form.Item>
    </>
  );
}
