/** The record: what is wrong with it and what is soon due, while it is written in the hospital's editor. */
import { type Child, fill, fold, h, joined } from "./dom";
import { card, incomplete, part } from "./parts";
import { ask } from "./server";
import { SOURCES, T } from "./texts";
import type { Flaw, Place, Quality } from "./types";

const MINUTE = 60_000;
const PAUSE = 800;

type Draft = { record: unknown; documentId: string };

/** What stands in the editor. */
export let draft: Draft | undefined;

/** The record as the editor tells it, else as the repository has it. */
export function quality(): HTMLElement {
  const place = part<Quality>(
    "panel/quality",
    (answer) => {
      const shown = (set: boolean) =>
        answer.items.filter((one) => !!one.aside === set).map((one) => flaw(one, answer));
      const open = shown(false);
      const set = shown(true);
      return [
        answer.record && h("h2", {}, `${answer.stageTitle} ${answer.record}`),
        open.length > 0 ? open : h("p.quiet", {}, T.quietQuality),
        set.length > 0 && fold(`${T.excused}（${set.length}）`, set),
        incomplete(answer.unknown),
      ];
    },
    T.quietQuality,
    draft,
  );
  const clock = window.setInterval(
    () => (document.body.contains(place) ? tick(place) : window.clearInterval(clock)),
    MINUTE / 2,
  );
  return place;
}

/** Be told when the editor's record changed. Only who shows this panel (or itself) is heard. */
export function written(changed: () => void): void {
  let waiting = 0;
  window.addEventListener("message", (event: MessageEvent) => {
    const said = event.data as (Draft & { yigong?: string }) | undefined;
    if (event.source !== window.parent || !said || said.yigong !== "writing") return;
    draft = { record: said.record, documentId: said.documentId };
    window.clearTimeout(waiting);
    waiting = window.setTimeout(changed, PAUSE);
  });
}

function flaw(one: Flaw, answer: Quality): HTMLElement {
  const minutes = one.minutes;
  const due = minutes !== undefined;
  return card(
    one.tone,
    due
      ? [h("b", {}, one.what), " ", h("b.left", { "data-until": Date.now() + minutes * MINUTE }, left(minutes))]
      : [h("b", {}, one.severity), " ", one.says || one.title],
    [one.place, ...(one.others || [])].map((place) => place?.document && where(place, answer)),
    one.mend && h("p", {}, T.mend, one.mend),
    fold(
      T.why,
      h("p", {}, due ? one.says : `${one.title}（${one.aspect}）`),
      h("p", {}, `${SOURCES}：${one.source}`),
    ),
    one.aside ? h("p.quiet", {}, one.aside) : one.key && excuse(one.key, answer.record),
  );
}

function where(place: Place, answer: Quality): Child {
  return [
    h("p.quiet", {}, joined(" · ", answer.documents[place.document], place.section)),
    place.quote && h("blockquote", {}, place.quote),
  ];
}

/** “Not applicable”, with the reason. */
function excuse(key: string, record: string): HTMLElement {
  const reason = h("input", { "aria-label": T.whyNone, placeholder: T.whyNone, maxlength: 500, required: true });
  const told = h("span");
  const form = h("form", {}, reason, h("button.main", {}, T.excuse), told);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask<{ appealed: boolean }>(
      "panel/quality/asides",
      { record, key, reason: (reason as HTMLInputElement).value },
      ({ appealed }) => fill(form, h("p.quiet", { role: "status" }, appealed ? T.appealed : T.excused)),
      (why) => fill(told, h("p.wrong", { role: "alert" }, why.text)),
    );
  });
  return fold(`${T.excuse}…`, form);
}

function tick(place: HTMLElement): void {
  const clocks = place.querySelectorAll<HTMLElement>(".left");
  for (let at = 0; at < clocks.length; at++) {
    const one = clocks[at] as HTMLElement;
    one.textContent = left(Math.floor((Number(one.getAttribute("data-until")) - Date.now()) / MINUTE));
  }
}

/** 还剩 1 小时 20 分 */
function left(minutes: number): string {
  if (minutes < 1) return T.dueNow;
  const hours = Math.floor(minutes / 60);
  return `${T.left}${hours ? ` ${hours} ${T.hours}` : ""}${minutes % 60 ? ` ${minutes % 60} ${T.minutes}` : ""}`;
}
