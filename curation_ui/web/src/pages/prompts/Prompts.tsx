/** Prompts: the catalogue, and one with its versions. */
import { Button, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { Link, Route, Routes } from "react-router";
import { Person } from "../../curation/person";
import { useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { moment } from "../../shared/words";
import { Creating } from "./Creating";
import { PromptPage } from "./PromptPage";
import { TEXTS } from "./texts";
import type { Listed, Prompt, Use } from "./types";

export default function Prompts(): ReactNode {
  return (
    <Routes>
      <Route index element={<List />} />
      <Route path=":id" element={<PromptPage />} />
    </Routes>
  );
}

function List(): ReactNode {
  const [creating, creates] = useState(false);
  const listed = useAsked<Listed>("GET /api/v1/prompts");
  const purposes = [...new Set(listed.data?.prompts.map(({ purpose }) => purpose))];
  const actions = useMay("knowledge.edit") ? (
    <>
      <Person />
      <Button type="primary" onClick={() => creates(true)}>
        {TEXTS.create}
      </Button>
    </>
  ) : null;
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={actions} printable>
      <Asked query={listed} isEmpty={(found) => !found.prompts.length} empty={TEXTS.none}>
        {(found) => (
          <Rows<Prompt>
            rowKey="id"
            dataSource={found.prompts}
            columns={[
              { title: TEXTS.name, render: (_, one) => <Link to={one.id}>{one.name}</Link> },
              { title: TEXTS.purpose, dataIndex: "purpose" },
              { title: TEXTS.versions, render: (_, one) => one.versions.length },
              { title: TEXTS.state, render: (_, one) => <Newest prompt={one} inUse={found.inUse} /> },
              { title: TEXTS.made, render: (_, one) => moment(newest(one)?.made) },
            ]}
          />
        )}
      </Asked>
      {creating ? <Creating purposes={purposes} close={() => creates(false)} /> : null}
    </Frame>
  );
}

function Newest({ prompt, inUse }: { prompt: Prompt; inUse: Use[] }): ReactNode {
  const used = inUse.filter((one) => one.prompt === prompt.id);
  const last = newest(prompt);
  return (
    <>
      {last ? <Tag variant="outlined">{TEXTS.states[last.state] ?? last.state}</Tag> : null}
      {used.map(({ tenant, institution, version }) => (
        <Tag key={tenant} color="green" variant="outlined" title={institution}>
          {TEXTS.inUse} {version}
        </Tag>
      ))}
    </>
  );
}

function newest(prompt: Prompt): Prompt["versions"][number] | undefined {
  return [...prompt.versions].sort((a, b) => b.number - a.number)[0];
}
