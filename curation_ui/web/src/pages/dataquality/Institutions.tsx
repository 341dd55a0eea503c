/** Choosing an institution, with all below it. */
import type { ReactNode } from "react";
import { useAsked } from "../../shared/asking";
import { Choice } from "../../shared/filters";
import { useMay } from "../../shared/session";
import { TEXTS } from "./texts";
import type { Institution } from "./types";

const INSTITUTIONS = "GET /api/v1/institutions";

export function Institutions(): ReactNode {
  const enabled = useMay("registry.read");
  const known = useAsked<{ institutions: Institution[] }, typeof INSTITUTIONS>(
    INSTITUTIONS,
    {},
    { staleMs: 60_000, enabled },
  );
  const options = (known.data?.institutions ?? []).map(({ tenant, name }) => ({ value: tenant, label: name }));
  return <Choice name="tenant" label={TEXTS.institution} options={options} />;
}
