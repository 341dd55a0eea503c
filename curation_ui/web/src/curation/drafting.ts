/** A form that is edited: checked while it is typed, saved as a draft, reconciled with what others saved meanwhile. */
import { App } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { refresh } from "../shared/asking";
import { ask, Failure } from "../shared/client";
import { merged, same } from "./merging";
import { usePerson } from "./person";
import type { Flaw, Kind, Whole } from "./types";

const SAVE = "PUT /api/v1/curation/records/{kind}/{record_id}";
const READ = "GET /api/v1/curation/records/{kind}/{record_id}";
const CHECK = "POST /api/v1/curation/checks/{kind}/{record_id}";
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
  const [flaws, setFlaws] = useChecked(base.kind, named, form, dirty);
  const restart = useCallback((whole: Whole<F>, shown: F = whole.form): void => {
    setBase({ kind: whole.kind, id: whole.id, form: whole.form, revision: whole.revision, text: whole.text });
    setForm(shown);
    setRival(undefined);
  }, []);
  const reconcile = async (id: string): Promise<void> => {
    const theirs = await ask<Whole<F>, typeof READ>(READ, { path: { kind: base.kind, record_id: id } });
    const made = merged(base.form, latest.current, theirs.form);
    setRival({ whole: theirs, before: base.text, conflicts: made.conflicts });
    setBase({ ...base, id, form: theirs.form, revision: theirs.revision, text: theirs.text });
    setForm(made.form);
    message.warning(TEXTS.merged);
  };
  const save: Draft<F>["save"] = async (id, reason) => {
    setBusy(true);
    try {
      const body = { form, revision: base.revision, reason, by };
      const made = await ask<Whole<F>, typeof SAVE>(SAVE, { path: { kind: base.kind, record_id: id }, body });
      restart(made, same(form, latest.current) ? made.form : merged(form, latest.current, made.form).form);
      message.success({ content: TEXTS.saved, key: TEXTS.saved });
      void refresh("GET /api/v1/curation/records", "GET /api/v1/curation/history/{kind}/{record_id}", READ);
      return made;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.status === 409) await reconcile(id).catch((failed: Failure) => message.error(failed.message));
      else {
        setFlaws([{ field: error.field, problem: error.message }]);
        message.error(error.message);
      }
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  const change = (part: Partial<F>): void => setForm((before) => ({ ...before, ...part }));
  return { form, change, flaws, dirty, busy, revision: base.revision, rival, save, restart };
}

/** What is wrong with a form, asked when typing pauses. */
function useChecked<F>(kind: Kind, id: string, form: F, dirty: boolean): [Flaw[], (flaws: Flaw[]) => void] {
  const [flaws, setFlaws] = useState<Flaw[]>([]);
  useEffect(() => {
    if (!dirty) {
      setFlaws([]);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      ask<{ flaws: Flaw[] }, typeof CHECK>(CHECK, {
        path: { kind, record_id: id || "draft" },
        body: { form },
        signal: stop.signal,
      })
        .then((found) => setFlaws(found.flaws))
        .catch(() => undefined);
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [kind, id, form, dirty]);
  return [flaws, setFlaws];
}
