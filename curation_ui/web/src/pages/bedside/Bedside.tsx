/** Finds a patient and opens the clinician panel, as a hospital's own system would. */
import { Button, Flex, Input, Segmented } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { useTelling } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Institution, type Placed } from "../../shared/institution";
import { useSession } from "../../shared/session";
import { Loading, Nothing } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TEXTS } from "./texts";

type Known = {
  number: string;
  records: (Placed & {
    tenant: string;
    localId: string;
    patient: { name?: { text?: string }[]; birthDate?: string };
  })[];
};
type Row = Placed & { key: string; name: string; born: string; tenant: string; patient: string };

const SEARCH = "POST /api/v1/persons/search";
const LAUNCH = "POST /api/v1/panel/launches";

export default function Bedside(): ReactNode {
  const [query] = useSearchParams();
  const patient = query.get("patient") ?? "";
  return patient ? <Opened patient={patient} tenant={query.get("tenant") ?? ""} /> : <Finding />;
}

function Finding(): ReactNode {
  const { institution } = useSession();
  const navigate = useNavigate();
  const search = useTelling<{ persons: Known[] }, typeof SEARCH>(SEARCH);
  const open = (one: { tenant: string; patient: string }): void =>
    void navigate(`?${new URLSearchParams({ patient: one.patient, tenant: one.tenant })}`);
  const find = (text: string): void => {
    const said = text.trim();
    if (/^[\w-]+$/.test(said)) open({ tenant: institution, patient: said });
    else if (said)
      search.mutate({ body: { patient: { resourceType: "Patient", name: [{ text: said }] }, limit: 50 } });
  };
  const rows = (search.data?.persons ?? []).flatMap(rowsOf);
  return (
    <Frame title={TEXTS.title} about={TEXTS.about}>
      <Input.Search
        placeholder={TEXTS.find}
        aria-label={TEXTS.find}
        enterButton={TEXTS.search}
        onSearch={find}
        loading={search.isPending}
        autoFocus
        className="bedside-find"
      />
      {search.data && !rows.length ? <Nothing text={TEXTS.none} /> : null}
      {rows.length ? (
        <Rows<Row>
          dataSource={rows}
          columns={[
            { title: TEXTS.name, dataIndex: "name" },
            { title: TEXTS.born, dataIndex: "born" },
            { title: TEXTS.institution, render: (_, one) => <Institution {...one} /> },
            { title: TEXTS.record, dataIndex: "patient" },
            { title: TEXTS.open, render: (_, one) => <Button onClick={() => open(one)}>{TEXTS.open}</Button> },
          ]}
        />
      ) : null}
    </Frame>
  );
}

function rowsOf(person: Known): Row[] {
  return person.records.map(({ tenant, institution, localId, patient }) => ({
    key: `${tenant} ${localId}`,
    name: patient.name?.[0]?.text ?? "",
    born: patient.birthDate ?? "",
    tenant,
    institution,
    patient: localId,
  }));
}

function Opened({ patient, tenant }: { patient: string; tenant: string }): ReactNode {
  const { fullName } = useSession();
  const [wide, setWide] = useState(true);
  const launch = useTelling<{ url: string }, typeof LAUNCH>(LAUNCH);
  const navigate = useNavigate();
  const panel = useRef<HTMLIFrameElement>(null);
  const print = (): void => panel.current?.contentWindow?.print();
  const { mutate } = launch;
  useEffect(() => mutate({ body: { patient, tenant, user: fullName } }), [mutate, patient, tenant, fullName]);
  const actions = (
    <>
      <Segmented
        aria-label={TEXTS.width}
        options={[
          { value: true, label: TEXTS.wide },
          { value: false, label: TEXTS.narrow },
        ]}
        value={wide}
        onChange={setWide}
      />
      <Button onClick={() => void navigate("/bedside")}>{TEXTS.back}</Button>
    </>
  );
  return (
    <Frame title={TEXTS.title} actions={actions} printable={print}>
      {launch.error ? (
        <Nothing text={launch.error.message} />
      ) : launch.data ? (
        <>
          <p className="on-paper">{TEXTS.paper}</p>
          <Flex justify="center" className="no-print">
            <iframe
              key={launch.data.url}
              ref={panel}
              title={TEXTS.frame}
              src={launch.data.url}
              className={wide ? "bedside-wide" : "bedside-narrow"}
            />
          </Flex>
        </>
      ) : (
        <Loading />
      )}
    </Frame>
  );
}
