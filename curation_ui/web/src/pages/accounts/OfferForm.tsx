/** What an institution offers of tests and examinations: its whole list, one a line. */
import { useMutation } from "@tanstack/react-query";
import { Alert, App, Form, Input } from "antd";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { ask, type Failure } from "../../shared/client";
import { Dialog } from "../../shared/dialog";
import { Asked, Loading } from "../../shared/states";
import { TEXTS } from "./texts";
import type { Institution, Offers } from "./types";

const LIST = "GET /api/v1/institutions/{key}/examinations";
const PUT = "PUT /api/v1/institutions/{key}/examinations";

type Given = { lines: string };

export function OfferForm({ institution, close }: { institution: Institution; close: () => void }): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const path = { key: institution.key };
  const known = useAsked<Offers, typeof LIST>(LIST, { path }, { staleMs: 0 });
  const fresh = known.isFetchedAfterMount; // what was kept from before may have been changed meanwhile
  // What is wrong, maybe with many rows, stands beside the list until it is mended.
  const put = useMutation<Offers, Failure, Given>({
    mutationFn: ({ lines }) => ask(PUT, { path, body: { items: lines.split("\n") } }),
    onSuccess: () => {
      void message.success(TEXTS.done);
      close();
    },
  });
  return (
    <Dialog
      open
      title={`${TEXTS.offers}：${institution.name}`}
      confirmLoading={put.isPending}
      okButtonProps={{ disabled: !(fresh && known.data) }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {fresh ? (
        <Asked query={known}>
          {({ items }) => (
            <Form<Given>
              name="offers"
              form={form}
              layout="vertical"
              initialValues={{ lines: names(items) }}
              onFinish={(given) => put.mutate(given)}
            >
              <Form.Item name="lines" label={TEXTS.offers} extra={TEXTS.offersAbout}>
                <Input.TextArea autoFocus rows={14} spellCheck={false} />
              </Form.Item>
              {put.error ? <Alert type="error" title={put.error.message} /> : null}
            </Form>
          )}
        </Asked>
      ) : (
        <Loading />
      )}
    </Dialog>
  );
}

/** As the institution wrote them; one row may stand for several tests. */
function names(items: Offers["items"]): string {
  return [...new Set(items.map((one) => one.said))].join("\n");
}
