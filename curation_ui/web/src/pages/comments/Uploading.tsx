/** A worksheet that was filled in offline comes back; what is wrong is told by its cell. */
import { Alert, Button, Flex, Modal, Typography, Upload } from "antd";
import { type ReactNode, useState } from "react";
import { useTelling } from "../../shared/asking";
import { encoded } from "../../shared/files";
import { useSession } from "../../shared/session";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Taken } from "./types";

const IMPORT = "POST /api/v1/comments/rounds/{round_id}/import";
const SHEET = "GET /api/v1/comments/rounds/{round_id}/worksheet";

export function Uploading({ round }: { round: string }): ReactNode {
  const by = { name: useSession().name };
  const [taken, tell] = useState<Taken>();
  const take = useTelling<Taken, typeof IMPORT>(IMPORT, [SHEET]);
  const picked = (file: File): boolean => {
    void encoded(file).then((workbook) =>
      take.mutate({ path: { round_id: round }, body: { by, workbook } }, { onSuccess: tell }),
    );
    return false;
  };
  return (
    <>
      <Upload accept=".xlsx" beforeUpload={picked} showUploadList={false} maxCount={1}>
        <Button loading={take.isPending} title={TEXTS.importAbout}>
          {TEXTS.importSheet}
        </Button>
      </Upload>
      <Modal open={taken !== undefined} title={TEXTS.imported} footer={null} onCancel={() => tell(undefined)}>
        {taken ? <Outcome taken={taken} /> : null}
      </Modal>
    </>
  );
}

function Outcome({ taken: { stored, unchanged, errors } }: { taken: Taken }): ReactNode {
  return (
    <Flex vertical gap={8}>
      <Typography.Text>{TEXTS.importCounts(stored, unchanged)}</Typography.Text>
      {errors.length ? (
        <>
          <Alert type="warning" showIcon title={TEXTS.importFaults(errors.length)} />
          <Rows
            rowKey={({ cell, message }) => `${cell} ${message}`}
            dataSource={errors}
            columns={[
              { title: TEXTS.cell, dataIndex: "cell" },
              { title: TEXTS.fault, dataIndex: "message" },
            ]}
          />
        </>
      ) : null}
      <Typography.Text type="secondary">{TEXTS.importAbout}</Typography.Text>
    </Flex>
  );
}
