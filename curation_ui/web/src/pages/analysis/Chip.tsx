/** A field that is dragged, by pointer or keyboard, or put somewhere from a menu. */
import { CloseOutlined, HolderOutlined, MoreOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { type ReactNode, useRef } from "react";
import { useButton } from "react-aria/useButton";
import { useDrag } from "react-aria/useDrag";
import { type Field, fits, put, ZONES, type Zone } from "./layout";
import { TEXTS } from "./texts";
import type { Form } from "./types";

type ChipProps = {
  field: Field;
  form: Form;
  change: (form: Form) => void;
  /** Takes it away from where it stands. */
  remove?: () => void;
  children?: ReactNode;
};

export function Chip({ field, form, change, remove, children }: ChipProps): ReactNode {
  const grip = useRef<HTMLButtonElement>(null);
  const open = ZONES.filter((zone) => fits(field, zone, form));
  const { dragProps, dragButtonProps, isDragging } = useDrag({
    getItems: () => [Object.fromEntries(open.map((zone) => [carried(zone), field.id]))],
    getAllowedDropOperations: () => ["move"],
    hasDragButton: true,
    isDisabled: !open.length,
  });
  const { buttonProps } = useButton({ ...dragButtonProps, "aria-label": TEXTS.drag(field.title) }, grip);
  return (
    <span {...dragProps} className="analysis-chip" data-dragging={isDragging || undefined}>
      <button {...buttonProps} ref={grip} className="analysis-grip">
        <HolderOutlined />
      </button>
      <span className="analysis-name">{field.title}</span>
      {children}
      {remove ? (
        <Button
          type="text"
          size="small"
          icon={<CloseOutlined />}
          aria-label={TEXTS.remove(field.title)}
          onClick={remove}
        />
      ) : (
        <Moving field={field} open={open} move={(zone) => change(put(form, field, zone))} />
      )}
    </span>
  );
}

function Moving({ field, open, move }: { field: Field; open: Zone[]; move: (zone: Zone) => void }): ReactNode {
  const items = open.map((zone) => ({ key: zone, label: TEXTS.to(TEXTS.zones[zone]) }));
  return (
    <Dropdown menu={{ items, onClick: ({ key }) => move(key as Zone) }} trigger={["click"]} disabled={!open.length}>
      <Button type="text" size="small" icon={<MoreOutlined />} aria-label={TEXTS.move(field.title)} />
    </Dropdown>
  );
}

/** The kind of what is carried to a zone. */
export function carried(zone: Zone): string {
  return `yigong/${zone}`;
}
