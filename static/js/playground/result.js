/** What one run gave: the answer with its chips, the time of each step, the passages with their scores. */

import { reduceAnswer, newAnswer } from "../chat/answer.js";
import { attachCard } from "../chat/card.js";
import { makeFilters, takenAwayWords } from "../chat/filters.js";
import { AnswerBody, loadMarkdown } from "../chat/markdown.js";
import { distinctCitations, documentUrl, pageWords } from "../chat/places.js";
import { choosePassage, makeSources } from "../chat/sources.js";
import { h, icon } from "../dom.js";
import { formatMilliseconds, formatNumber, gettext, interpolate, listed, ngettext } from "../i18n.js";

const STATUS = {
  running: () => gettext("Running"),
  complete: () => gettext("Complete"),
  refused: () => gettext("The documents do not answer"),
  stopped: () => gettext("Stopped"),
  failed: () => gettext("Failed"),
};
const BADGES = { running: "badge--accent", complete: "badge--ok", refused: "", stopped: "", failed: "badge--bad" };

const phone = matchMedia("(max-width: 899.98px)");

/** Draws into the parts of a column that carry data-result-*. */
export class RunResult {
  #parts;
  #answer = null;
  #fullSteps = null;
  #ms = null;
  #body = null;
  #frame = 0;
  #stepNames;
  #takeAway;
  #takenAway = [];
  #narrowedBy = null;

  /** `stepNames`: what each step of an answer is called in words; `takeAway(filter)` runs again without a filter. */
  constructor(column, stepNames, takeAway) {
    this.#stepNames = stepNames;
    this.#takeAway = takeAway;
    const part = (name) => column.querySelector(`[data-result-${name}]`);
    this.#parts = {
      filters: part("filters"),
      text: part("text"),
      status: part("status"),
      error: part("error"),
      steps: part("steps"),
      citations: part("citations"),
      passages: part("passages"),
      all: part("all"),
      fold: part("passages-fold"),
      settings: column.querySelector("[data-settings]"),
    };
  }

  get isRunning() {
    return this.#answer?.status === "running";
  }

  /** Begin anew; `takenAway` are the filters that the question says and that do not count. */
  start(takenAway = []) {
    this.#takenAway = takenAway;
    this.#narrowedBy = null;
    this.#answer = newAnswer("run");
    this.#fullSteps = null;
    this.#ms = null;
    this.#parts.text.replaceChildren();
    this.#parts.error.replaceChildren();
    this.#parts.all.hidden = false;
    if (phone.matches) {
      // Two columns stand one under the other: what is read first should be near.
      this.#parts.fold.open = false;
      this.#parts.settings.open = false;
    }
    this.#body = new AnswerBody(this.#parts.text, (citation) => this.#makeChip(citation));
    this.#schedule();
  }

  /** Take in an event of the run. */
  take(event) {
    if (!this.#answer) {
      return;
    }
    if (event.type === "run.completed") {
      const { status, text, citations, steps, ms } = event;
      this.#answer = { ...this.#answer, status, text, citations };
      this.#fullSteps = steps;
      this.#ms = ms;
    } else if (event.type === "run.failed") {
      this.#answer = { ...this.#answer, status: "failed", error: event.error };
    } else {
      this.#answer = reduceAnswer(this.#answer, event) ?? this.#answer;
    }
    this.#schedule();
  }

  /** The run is over because nobody can tell its end: the connection is gone. */
  fail(message) {
    if (this.isRunning) {
      this.#answer = { ...this.#answer, status: "failed", error: { code: "connection", message } };
      this.#schedule();
    }
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(async () => {
      await loadMarkdown();
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { status, text, citations, error } = this.#answer;
    const { text: body, status: line, error: notice } = this.#parts;
    body.setAttribute("aria-busy", String(this.isRunning));
    this.#body.update(text, citations, this.isRunning);
    line.replaceChildren(
      h("span", { class: `badge ${BADGES[status]}` }, STATUS[status]()),
      h("span", { class: "soft small number" }, this.#ms === null ? "" : formatMilliseconds(this.#ms)),
    );
    notice.replaceChildren(
      ...(error
        ? [h("div", { class: "notice notice--bad", role: "alert" }, icon("alert"), h("p", { class: "notice__body" }, error.message))]
        : []),
    );
    this.#drawFilters();
    this.#drawSteps();
    this.#drawCitations(citations);
    this.#parts.passages.replaceChildren(this.#answer.passages.length ? makeSources(this.#answer) : "");
  }

  #drawFilters() {
    const { filters, status } = this.#answer;
    if (this.#narrowedBy?.filters === filters && this.#narrowedBy.status === status) {
      return;
    }
    this.#narrowedBy = this.#answer;
    const words = this.#takenAway.length ? h("p", { class: "narrowed__unused" }, takenAwayWords(this.#takenAway)) : "";
    this.#parts.filters.replaceChildren(words, ...makeFilters(this.#answer, this.#takeAway));
    this.#parts.filters.hidden = !words && !filters.length;
  }

  #drawSteps() {
    const steps = this.#fullSteps ?? this.#answer.steps;
    const longest = Math.max(1, ...steps.map((step) => step.ms));
    this.#parts.steps.replaceChildren(
      ...steps.map((step) =>
        h(
          "li",
          { class: "step" },
          h(
            "div",
            { class: "step__line" },
            h("span", { class: "step__name" }, this.#stepNames[step.name] ?? step.name),
            h("progress", { class: "progress bar", max: longest, value: step.ms, "aria-label": this.#stepNames[step.name] ?? step.name }),
            h("span", { class: "step__ms" }, formatMilliseconds(step.ms)),
          ),
          step.output
            ? h(
                "details",
                {},
                h("summary", {}, gettext("What went in and out")),
                h("pre", { tabIndex: 0 }, JSON.stringify({ in: step.input, out: step.output }, null, 2)),
              )
            : null,
        ),
      ),
    );
  }

  #drawCitations(citations) {
    const distinct = distinctCitations(citations);
    const heading = interpolate(ngettext("%(n)s citation", "%(n)s citations", distinct.length), { n: formatNumber(distinct.length) });
    this.#parts.citations.replaceChildren(
      h("h2", {}, heading),
      h(
        "ol",
        { class: "run-notes" },
        ...distinct.map((citation) => {
          const words = listed([citation.title || citation.filename, pageWords(citation.page)]);
          const url = documentUrl(citation);
          return h(
            "li",
            {},
            h("span", { class: "passage__number" }, String(citation.number)),
            h("p", {}, url ? h("a", { href: url, dir: "auto" }, words) : words, h("q", { class: "run-notes__quote", dir: "auto" }, citation.quote)),
          );
        }),
      ),
    );
  }

  #makeChip(citation) {
    const chip = h(
      "a",
      {
        class: "chip",
        href: documentUrl(citation),
        "aria-label": interpolate(gettext("Note %(number)s: %(place)s"), {
          number: citation.number,
          place: citation.title || citation.filename,
        }),
      },
      String(citation.number),
    );
    const passageOf = () => this.#answer.passages.find((passage) => passage.rank === citation.passage_rank) ?? null;
    attachCard(chip, () => ({ citation, passage: passageOf() }));
    chip.addEventListener("click", (event) => {
      if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        this.#parts.fold.open = true;
        choosePassage(this.#parts.passages, citation);
      }
    });
    return chip;
  }
}
