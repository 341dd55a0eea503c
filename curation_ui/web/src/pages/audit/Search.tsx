/** What one looks for in the audit, as it stands in the address. */
import { Button, DatePicker, Flex, Form, Input, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { TOLD } from "../../shared/told";
import { TEXTS } from "./texts";
import type { Acts } from "./types";

const ACTS = "GET /api/v1/audit/acts";
const USUAL_DAYS = 7;

type Sought = { actor?: string; act?: string; subject?: string; span: [Dayjs, Dayjs] };

type SearchProps = { asked: URLSearchParams; seek: (sought: Record<string, string>) => void };

export function Search({ asked, seek }: SearchProps): ReactNode {
  const send = ({ span: [since, until], ...words }: Sought): void => {
    const days = { since: since.startOf("day").toISOString(), until: until.endOf("day").toISOString() };
    const given = Object.entries(words).filter((one): one is [string, string] => Boolean(one[1]?.trim()));
    seek({ ...Object.fromEntries(given), ...days });
  };
  const { since, until, ...words } = Object.fromEntries(asked);
  const span: Sought["span"] = [since ? dayjs(since) : dayjs().subtract(USUAL_DAYS, "day"), dayjs(until)];
  return (
    <Form<Sought> layout="vertical" className={TOLD} initialValues={{ ...words, span }} onFinish={send}>
      <Flex gap={12} wrap align="end">
        <Form.Item name="actor" label={TEXTS.actor} className="audit-field">
          <Input allowClear />
        </Form.Item>
        <Form.Item name="act" label={TEXTS.act} className="audit-act">
          <ActField />
        </Form.Item>
        <Form.Item name="subject" label={TEXTS.subject} className="audit-field">
          <Input allowClear />
        </Form.Item>
        <Form.Item name="span" label={TEXTS.span}>
          <DatePicker.RangePicker allowClear={false} />
        </Form.Item>
        <Form.Item>
          <Button type="primary" htmlType="submit">
            {TEXTS.find}
          </Button>
        </Form.Item>
      </Flex>
    </Form>
  );
}

type ActFieldProps = { id?: string; value?: string; onChange?: (act: string) => void };

/** Acts by title, found by their codes too; one that the address names and nobody knows stays as it is. */
function ActField(given: ActFieldProps): ReactNode {
  const known = useAsked<Acts>(ACTS, {}, { staleMs: Number.POSITIVE_INFINITY });
  const options = (known.data?.groups ?? []).map(({ code, title, acts }) => ({
    label: title,
    options: [
      { value: code, label: acts.length > 1 ? TEXTS.whole(title) : title },
      ...acts.filter((act) => act.code !== code).map((act) => ({ value: act.code, label: act.title })),
    ],
  }));
  return (
    <Select
      {...given}
      allowClear
      placeholder={TEXTS.actAbout}
      loading={known.isPending}
      options={options}
      showSearch={{ optionFilterProp: ["label", "value"] }}
    />
  );
}
