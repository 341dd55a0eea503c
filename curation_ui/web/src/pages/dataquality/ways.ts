/** Addresses within the page. */
type Wanted = Record<string, string | undefined>;

/** The faults of what is asked for; what is left open does not narrow. */
export function faultsOf(wanted: Wanted): string {
  return `/dataquality/faults?${given(wanted)}`;
}

/** What the score of an institution is made of. */
export function partsOf(tenant: string): string {
  return `/dataquality/parts?${given({ tenant })}`;
}

function given(wanted: Wanted): URLSearchParams {
  return new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
