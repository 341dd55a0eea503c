/** Answers of the API as far as the panel shows them. */
export type Reference = { source: string; section?: string; evidenceLevel?: string; standing?: string; url?: string };
export type Datum = { what?: string; value?: string; time?: string; institution?: string };
export type Evidence = Datum & Partial<Reference> & { type: "datum" | "statement" };

/** Something of the knowledge, which a question may be about. */
export type Named = { id: string; name: string };

/** What somebody did with a card, when they did, in words. */
export type Answered = { answer?: string };
export type Finding = Answered & {
  findingId: string;
  family: string;
  severity: string;
  summary: string;
  detail?: string;
  advice?: string;
  evidence?: Evidence[];
  drug?: Named;
};

export type ScoreItem = { label: string; shown?: string; points?: number; source?: Datum };
export type ScoreResult = {
  text: string;
  source: string;
  band?: { label: string; meaning: string; nextStep?: string };
  items: ScoreItem[];
  missing?: string[];
};

/** `card`: of one that alarms. */
export type Risk = Answered & {
  card: string;
  title: string;
  alarm: boolean;
  level: string;
  levelText: string;
  advice?: string;
  note?: string;
  scores?: { title: string; result: ScoreResult; data?: Datum[] }[];
  predictions?: { title: string; probability?: number; above: boolean }[];
};

export type Cards = {
  patient: { id: string; name: string; sex?: string; ageYears?: number };
  findings: Finding[];
  risks: Risk[];
  incomplete?: { reason: string }[];
  titles: Record<string, string>;
  reasons: Record<string, string>;
};

export type Place = { document: string; section?: string; quote?: string };
/** A defect, or (with `minutes`) what is soon due. */
export type Flaw = {
  tone: string;
  title?: string;
  aspect?: string;
  severity?: string;
  source: string;
  mend?: string;
  says?: string;
  place?: Place;
  others?: Place[];
  key?: string;
  aside?: string;
  what?: string;
  minutes?: number;
};
export type Quality = {
  record: string;
  stageTitle: string;
  documents: Record<string, string>;
  items: Flaw[];
  unknown?: string[];
};

export type Ground = {
  label: string;
  dimensionText?: string;
  direction: "for" | "against";
  where?: Datum;
  references?: Reference[];
};
export type Candidate = Named & {
  code?: string;
  probability: number;
  evidence: Ground[];
  quotes: string[][];
  redFlag?: boolean;
  urgencyText?: string;
  advice?: string;
};
export type Alarm = {
  name: string;
  urgencyText?: string;
  advice?: string;
  supporting: string[];
  open: { name: string }[];
};
export type Diagnoses = { candidates: Candidate[]; mustNotMiss: Alarm[]; understood: unknown[]; caution: string };

export type Examination = {
  name: string;
  levelText: string;
  harm: string;
  cost: string;
  available: boolean | null;
  availableText: string;
  elsewhere?: string[];
  reasons: { name: string; purposeText: string; note?: string; references?: Reference[] }[];
  against?: string[];
  done?: Datum;
};
export type Examinations = {
  examinations: Examination[];
  contraindicated: Examination[];
  alreadyDone: Examination[];
  understood: unknown[];
};

export type Option = {
  title: string;
  kind?: string;
  concept?: string;
  state: string;
  stateText: string;
  reasons?: string[];
  confirm?: string[];
  dose?: { text?: string };
  frequency?: string;
  course?: string;
  content?: string;
  monitoring?: string;
  sources?: Reference[];
};
export type Treatments = {
  treatments: { diagnosis: Named; groups?: { title: string; options: Option[] }[]; notes?: string[] }[];
};

export type Suggestions = { suggestions: { name: string; title: string; purpose: string; reasons: string[] }[] };
export type FormItem = {
  field: string;
  label: string;
  kind: string;
  unit?: string;
  help?: string;
  choices?: { key: string; label: string; points?: number }[];
  value?: number | string | boolean;
  proposed?: number | string | boolean;
  low?: number;
  high?: number;
  source?: Datum;
};
export type Filled = { form: { name: string; title: string; items: FormItem[] }; result: ScoreResult };

/** What something does again: what, when, and in which institution. */
export type Repeated = { title: string; at: string; institution: string };
export type Item = { title: string; detail?: string; flag?: string; repeats?: Repeated };
export type Visit = {
  at: string;
  institution: string;
  kind?: string;
  department?: string;
  diagnoses?: string[];
  items?: Record<string, Item[]>;
};
export type Picture = {
  timeline?: Visit[];
  drugs?: { name: string; dosage?: string; institution?: string; repeats?: Repeated }[];
  problems?: { name: string; active: boolean; since?: string; institutions?: string[] }[];
  allergies?: { name: string; reactions?: string[]; institution?: string }[];
  unknown: string[];
};

export type Hit = { title: string; heading?: string; text: string; source: { title: string; section?: string } };
