/** Trying, publishing, watching, going back. */
import { Card, Col, Flex, Row, Typography } from "antd";
import type { ReactNode } from "react";
import { Person } from "../../curation/person";
import { useVocabulary } from "../../curation/vocabulary";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { moment, who } from "../../shared/words";
import { Past } from "./Past";
import { Publishing } from "./Publishing";
import "./releases.css";
import { Trying } from "./Trying";
import { TEXTS } from "./texts";
import type { Overview } from "./types";
import { Workers } from "./Workers";

const RELEASES = "GET /api/v1/curation/releases";

export default function Releases(): ReactNode {
  const overview = useAsked<Overview>(RELEASES, {}, { every: 3_000 });
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={<Person />} printable>
      <Asked query={overview}>{(found) => <Body overview={found} />}</Asked>
    </Frame>
  );
}

function Body({ overview }: { overview: Overview }): ReactNode {
  const may = useMay("knowledge.approve");
  return (
    <Flex vertical gap={16}>
      <Row gutter={[12, 12]}>
        <Col xs={24} md={12}>
          <Served overview={overview} />
        </Col>
        <Col xs={24} md={12}>
          <Waiting records={overview.records} />
        </Col>
      </Row>
      <Trying releases={overview.releases} />
      {may ? <Publishing /> : null}
      <Workers overview={overview} />
      <Past overview={overview} />
    </Flex>
  );
}

function Served({ overview }: { overview: Overview }): ReactNode {
  const served = overview.releases.find((one) => one.active);
  const { records } = useVocabulary();
  return (
    <Card size="small" title={TEXTS.active}>
      {served ? (
        <>
          <code className="release-id">{served.release.slice(0, 16)}</code>
          <div>
            {moment(served.at)} · {who(served.by)} · {served.note}
          </div>
          <Typography.Text type="secondary">{counted(served.counts, records)}</Typography.Text>
        </>
      ) : null}
    </Card>
  );
}

function Waiting({ records }: Pick<Overview, "records">): ReactNode {
  const { records: names } = useVocabulary();
  const counts = Object.fromEntries(
    Object.entries(records).flatMap(([kind, of]) => (of?.approved ? [[kind, of.approved]] : [])),
  );
  return (
    <Card size="small" title={TEXTS.waiting}>
      <div>{counted(counts, names) || TEXTS.nothingWaits}</div>
      <Typography.Text type="secondary">{TEXTS.waitingAbout}</Typography.Text>
    </Card>
  );
}

/** 规则 3，知识 120 */
function counted(counts: Record<string, number>, names: Record<string, string>): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${names[kind.replace(/s$/, "")] ?? kind} ${count}`)
    .join("，");
}
