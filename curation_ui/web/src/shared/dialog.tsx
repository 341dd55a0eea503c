/** A window over the page with something to fill in: one begins to type at once. */
import { Modal, type ModalProps } from "antd";
import { type FocusEvent, type KeyboardEvent, type ReactNode, useRef } from "react";

const FIELD = "input:not(:disabled), textarea:not(:disabled)";

/** antd's `Modal`, which begins in its first field that must be filled in, else in its first field. Left to itself it
 * begins on the button that closes it, where a space closes it and further letters are keys of the page. What comes into
 * it later asks for the focus itself (`autoFocus`). While what was filled in is being sent it is not sent again. */
export function Dialog({ afterOpenChange, ...props }: ModalProps): ReactNode {
  const begun = useRef(false);
  const begin = ({ currentTarget, target }: FocusEvent<HTMLElement>): void => {
    if (begun.current) return;
    begun.current = true;
    if (!target.matches(FIELD)) firstField(currentTarget)?.focus();
  };
  const changed = (open: boolean): void => {
    if (!open) begun.current = false;
    afterOpenChange?.(open);
  };
  const sent = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && props.confirmLoading) event.preventDefault();
  };
  return <Modal {...props} wrapProps={{ onFocus: begin, onKeyDownCapture: sent }} afterOpenChange={changed} />;
}

function firstField(dialog: HTMLElement): HTMLElement | undefined {
  const fields = [...dialog.querySelectorAll<HTMLElement>(FIELD)];
  return fields.find((one) => one.ariaRequired === "true") ?? fields[0];
}
