/** A new record of one's own: its id, its form, the reason, saved as a draft. */
import { Button, Flex, Form, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useNavigate } from "react-router";
import type { Draft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import { Person, usePerson } from "../../curation/person";
import { Reason } from "../../curation/Reason";
import type { Kind } from "../../curation/types";
import { Frame } from "../../shared/frame";
import { TEXTS } from "./texts";

const T = TEXTS.record;

type CreatingProps<F> = {
  title: string;
  about?: string;
  kind: Kind;
  id: string;
  name: (id: string) => void;
  hint: string;
  draft: Draft<F>;
  children: ReactNode;
};

export function Creating<F>({ title, about, kind, id, name, hint, draft, children }: CreatingProps<F>): ReactNode {
  const [reason, say] = useState("");
  const { missing } = usePerson();
  const navigate = useNavigate();
  const ready = draft.dirty && !draft.flaws.length && reason.trim() !== "" && !missing;
  const save = async (): Promise<void> => {
    const made = await draft.save(id, reason);
    if (made) void navigate(`/curation/${kind}/${encodeURIComponent(made.id)}`);
  };
  return (
    <Frame title={title} about={about} actions={<Person />}>
      <Form layout="vertical" component="div">
        <Field label={T.id} flaws={draft.flaws} name="id" hint={hint} required>
          <Input value={id} onChange={(event) => name(event.target.value)} />
        </Field>
        {children}
        <Flex gap={8} wrap className="curation-bar">
          <Reason value={reason} say={say} />
          <Button type="primary" disabled={!ready} loading={draft.busy} onClick={() => void save()}>
            {T.save}
          </Button>
        </Flex>
      </Form>
    </Frame>
  );
}

/** Records that are perhaps the same; whoever writes looks there first. */
export function Alike({ found }: { found: { place: string; title: string }[] }): ReactNode {
  const navigate = useNavigate();
  if (!found.length) return null;
  return (
    <div role="status" className="curation-alike">
      {T.alike}
      {found.map(({ place, title }) => (
        <Button key={place} size="small" type="link" onClick={() => void navigate(place)}>
          {title}
        </Button>
      ))}
    </div>
  );
}
