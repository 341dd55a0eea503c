/** Everything that can be said of a rule, with what it does to sample patients beside it. */
import { Col, Input, Row, Select } from "antd";
import type { ReactNode } from "react";
import { Backing } from "../../curation/Backing";
import type { Draft } from "../../curation/drafting";
import { Field } from "../../curation/Field";
import { Rivalry } from "../../curation/Rivalry";
import type { RuleForm } from "../../curation/types";
import { choices, useVocabulary } from "../../curation/vocabulary";
import { Cases } from "./Cases";
import { ConditionField } from "./ConditionField";
import { Patients } from "./Patients";
import type { Edited } from "./rule";
import { TEXTS } from "./texts";

/** `children` come before the condition. */
export function Fields({ edited, children }: { edited: Edited; children?: ReactNode }): ReactNode {
  const { draft, condition, trial } = edited;
  const { form, change, flaws } = draft;
  return (
    <>
      <Rivalry draft={draft} />
      <Row gutter={[16, 12]}>
        <Col xs={24} xl={14}>
          {children}
          <ConditionField condition={condition} text={form.condition} flaws={flaws} />
          <Cases
            cases={form.cases}
            reads={condition.reads}
            trial={trial?.data}
            old={trial?.isPlaceholderData ?? false}
            flaws={flaws}
            change={(cases) => change({ cases })}
          />
          <Saying draft={draft} />
        </Col>
        <Col xs={24} xl={10}>
          <Patients trial={trial} />
        </Col>
      </Row>
    </>
  );
}

function Saying({ draft }: { draft: Draft<RuleForm> }): ReactNode {
  const { form, change, flaws } = draft;
  const { severities } = useVocabulary();
  return (
    <>
      <div className="curation-fields">
        <Field label={TEXTS.titleField} flaws={flaws} name="title" required>
          <Input value={form.title} onChange={(event) => change({ title: event.target.value })} />
        </Field>
        <Field label={TEXTS.severity} flaws={flaws} name="severity" required>
          <Select
            options={choices(severities)}
            value={form.severity}
            onChange={(severity: string) => change({ severity })}
          />
        </Field>
      </div>
      <Field label={TEXTS.message} flaws={flaws} name="message" hint={TEXTS.messageHint} required>
        <Input.TextArea
          autoSize={{ minRows: 1, maxRows: 4 }}
          value={form.message}
          onChange={(event) => change({ message: event.target.value })}
        />
      </Field>
      <Field label={TEXTS.advice} flaws={flaws} name="advice">
        <Input.TextArea
          autoSize={{ minRows: 2, maxRows: 6 }}
          value={form.advice}
          onChange={(event) => change({ advice: event.target.value })}
        />
      </Field>
      <Backing draft={draft}>
        <Field label={TEXTS.departments} hint={TEXTS.departmentsHint}>
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            value={form.departments}
            onChange={(departments: string[]) => change({ departments })}
          />
        </Field>
      </Backing>
    </>
  );
}
