/** A form that is edited: checked while it is typed, saved as a draft, reconciled with what others saved meanwhile. */
import { App } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Endpoint } from "../../generated/endpoints";
import { refresh } from "../shared/asking";
import { ask, Failure } from "../shared/client";
import { merged, same } from "./merging";
import { usePerson } from "./person";
import type { Flaw, Kind, Whole } from "./types";

const SAVE = "PUT /api/v1/curation/records/{kind}/{record_id}";
const READ = "GET /api/v1/curation/records/{kind}/{record_id}";
const CHECK = "POST /api/v1/curation/checks/{kind}/{record_id}";
/** What shows otherwise once a draft is saved. */
export const TOUCHED: Endpoint[] = [
  "GET /api/v1/curation/records",
  "GET /api/v1/curation/history/{kind}/{record_id}",
  READ,
];
const PAUSE_MS = 500;
const TEXTS = {
  saved: "草稿已保存",
  merged: "他人刚保存了新版本，您的修改已合并到其上，请核对后再保存",
};

/** What somebody else saved while a form was open. */
export type Rival<F> = { whole: Whole<F>; before: string; conflicts: string[] };

export type Draft<F> = {
  form: F;
  change: (part: Partial<F>) => void;
  flaws: Flaw[];
  dirty: boolean;
  busy: boolean;
  revision: number;
  rival?: Rival<F>;
  save: (id: string, reason: string) => Promise<Whole<F> | undefined>;
  restart: (whole: Whole<F>) => void;
  /** What was sent is kept; what was typed meanwhile stays. */
  kept: (sent: F, made: Whole<F>) => void;
  refused: (flaws: Flaw[]) => void;
  /** Somebody else saved first: theirs comes under what is typed here. */
  overtaken: (id: string) => Promise<void>;
};

export type Opened<F> = { kind: Kind; id: string; form: F; revision: number; text: string; begun?: F };

/** `opened` is what the form is compared with; `revision` 0 is a new record, `begun` what it says already. */
export function useDraft<F extends Record<string, unknown>>(opened: Opened<F>): Draft<F> {
  const { message } = App.useApp();
  const { by } = usePerson();
  const [base, setBase] = useState(opened);
  const [form, setForm] = useState(opened.begun ?? opened.form);
  const latest = useRef(form); // what is typed while an answer is waited for is kept
  latest.current = form;
  const [rival, setRival] = useState<Rival<F>>();
  const [busy, setBusy] = useState(false);
  const dirty = !same(form, base.form);
  const named = base.revision ? base.id : opened.id; // a new record is called as it is typed
  const [flaws, refused] = useChecked(base.kind, named, form, dirty);
  const restart = useCallback((whole: Whole<F>, shown: F = whole.form): void => {
    setBase({ kind: whole.kind, id: whole.id, form: whole.form, revision: whole.revision, text: whole.text });
    setForm(shown);
    setRival(undefined);
  }, []);
  const overtaken: Draft<F>["overtaken"] = async (id) => {
    const theirs = await ask<Whole<F>, typeof READ>(READ, { path: { kind: base.kind, record_id: id } });
    const made = merged(base.form, latest.current, theirs.form);
    setRival({ whole: theirs, before: base.text, conflicts: made.conflicts });
    setBase({ ...base, id, form: theirs.form, revision: theirs.revision, text: theirs.text });
    setForm(made.form);
    message.warning({ content: TEXTS.merged, key: TEXTS.merged });
  };
  const kept: Draft<F>["kept"] = (sent, made) =>
    restart(made, same(sent, latest.current) ? made.form : merged(sent, latest.current, made.form).form);
  const save: Draft<F>["save"] = async (id, reason) => {
    setBusy(true);
    try {
      const body = { form, revision: base.revision, reason, by };
      const made = await ask<Whole<F>, typeof SAVE>(SAVE, { path: { kind: base.kind, record_id: id }, body });
      kept(form, made);
      message.success({ content: TEXTS.saved, key: TEXTS.saved });
      void refresh(...TOUCHED);
      return made;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.status === 409) await overtaken(id).catch((failed: Failure) => message.error(failed.message));
      else {
        refused([{ field: error.field, problem: error.message }]);
        message.error(error.message);
      }
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  const change = (part: Partial<F>): void => setForm((before) => ({ ...before, ...part }));
  const held = { form, change, flaws, dirty, busy, revision: base.revision, rival };
  return { ...held, save, restart, kept, refused, overtaken };
}

/** What is wrong with a form, asked when typing pauses; what a save was refused for stands until something changes. */
function useChecked<F>(kind: Kind, id: string, form: F, dirty: boolean): [Flaw[], (flaws: Flaw[]) => void] {
  const [found, find] = useState<Flaw[]>([]);
  const [refused, refuse] = useState<Flaw[]>([]);
  useEffect(() => {
    refuse([]);
    if (!dirty) {
      find([]);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask<{ flaws: Flaw[] }, typeof CHECK>(CHECK, {
        path: { kind, record_id: id || "draft" },
        body: { form },
        signal: stop.signal,
      })
        .then(({ flaws }) => find(flaws))
        .catch(() => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [kind, id, form, dirty]);
  return [refused.length ? refused : found, refuse];
}
