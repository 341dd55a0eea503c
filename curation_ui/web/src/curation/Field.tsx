/** A field of a form: label, control, and what is wrong with it. */
import { Form } from "antd";
import { cloneElement, type ReactElement, type ReactNode, useId } from "react";
import type { Flaw } from "./types";

type FieldProps = {
  label: string;
  flaws?: Flaw[];
  name?: string;
  hint?: ReactNode;
  required?: boolean;
  children: ReactElement<{ id?: string }>;
};

/** `flaws` whose field is `name`, or lies within it, are told below the control. */
export function Field({ label, flaws = [], name, hint, required, children }: FieldProps): ReactNode {
  const id = useId();
  const problems = name ? told(flaws, name) : [];
  return (
    <Form.Item
      label={label}
      htmlFor={id}
      required={required}
      validateStatus={problems.length ? "error" : undefined}
      help={problems.length ? problems.join("；") : undefined}
      extra={hint}
    >
      {cloneElement(children, { id })}
    </Form.Item>
  );
}

/** What is wrong with a field and the parts of it. */
export function told(flaws: Flaw[], name: string): string[] {
  const within = (field: string): boolean => field === name || field.startsWith(`${name}[`);
  return flaws.filter((one) => within(one.field)).map((one) => one.problem);
}
