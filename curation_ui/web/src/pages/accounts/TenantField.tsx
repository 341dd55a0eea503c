/** A tenant path, offered by the names of institutions. */
import { AutoComplete } from "antd";
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import type { Institution } from "./types";

const INSTITUTIONS = "GET /api/v1/institutions";

type TenantFieldProps = {
  id?: string;
  value?: string;
  onChange?: (path: string) => void;
  disabled?: boolean;
  placeholder?: string;
  "aria-label"?: string;
};

export function TenantField(given: TenantFieldProps): ReactNode {
  const known = useAsked<{ institutions: Institution[] }, typeof INSTITUTIONS>(INSTITUTIONS, {}, { staleMs: 60_000 });
  const options = (known.data?.institutions ?? []).map(({ tenant, name }) => ({
    value: tenant,
    label: `${name}（${tenant}）`,
  }));
  const fits = (typed: string, option?: { label: string }): boolean => option?.label.includes(typed) ?? false;
  return <AutoComplete {...given} options={options} showSearch={{ filterOption: fits }} />;
}
