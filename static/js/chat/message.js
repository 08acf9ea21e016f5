/** One question and one answer on the page. */

import { copyText } from "../copy.js";
import { h, icon } from "../dom.js";
import { formatMilliseconds, formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { attachCard } from "./card.js";
import { makeFilters, takenAwayWords } from "./filters.js";
import { AnswerBody } from "./markdown.js";
import { light, makeNote } from "./notes.js";
import { distinctCitations, documentUrl, pageWords } from "./places.js";

const LONG_QUESTION = 140;

/** The question as it stands above its answer. */
export function makeQuestion(text, isPending = false, takenAway = []) {
  const isLong = Array.from(text).length > LONG_QUESTION || text.includes("\n");
  return h(
    "div",
    { class: `question${isLong ? " question--long" : ""}`, "data-pending": isPending },
    h("h2", { class: "question__text", dir: "auto" }, h("span", { class: "visually-hidden" }, gettext("You asked: ")), text),
    takenAway.length ? h("p", { class: "question__without" }, takenAwayWords(takenAway)) : null,
  );
}

function stepWords(answer) {
  if (answer.text) {
    return "";
  }
  const names = new Set(answer.steps.map((step) => step.name));
  if (answer.passages.length) {
    const documents = new Set(answer.passages.map((passage) => passage.document_id)).size;
    return interpolate(
      ngettext(
        "Reading %(passages)s passages from %(documents)s document",
        "Reading %(passages)s passages from %(documents)s documents",
        documents,
      ),
      { passages: formatNumber(answer.passages.length), documents: formatNumber(documents) },
    );
  }
  return names.has("generate") ? gettext("Writing") : gettext("Searching the documents");
}

const ENDINGS = {
  refused: () => ["info", ""],
  failed: (answer) => ["alert", answer.error?.message ?? gettext("The answer could not be written. Try again.")],
  stopped: () => ["stop", gettext("You stopped this answer.")],
  interrupted: () => ["alert", gettext("The server was restarted while it wrote this answer.")],
};

/** An answer; `update(state)` draws the state of store.js. Events go to `handlers`: {retry, takeAway, openCitation, openSources, openSteps}. */
export class AnswerView {
  element;
  #handlers;
  #answer = null;
  #body;
  #narrowed = h("div", { class: "narrowed" });
  #status;
  #elapsed = h("span", { class: "answer__elapsed number" });
  #ending;
  #foot;
  #notesElement;
  #notes = new Map();
  #timer = 0;
  #startedAt = performance.now();

  constructor(handlers) {
    this.#handlers = handlers;
    const prose = h("div", { class: "answer__text prose", dir: "auto" });
    this.#status = h("p", { class: "answer__status" });
    this.#ending = h("div", { class: "answer__ending" });
    this.#foot = h("footer", { class: "answer__foot" });
    this.#notesElement = h("div", { class: "notes" });
    this.element = h(
      "article",
      { class: "answer", "aria-label": gettext("Answer") },
      this.#narrowed,
      this.#status,
      prose,
      this.#ending,
      this.#foot,
      this.#notesElement,
    );
    this.#body = new AnswerBody(prose, (citation) => this.#makeChip(citation));
    this.#lightTogether();
  }

  get answer() {
    return this.#answer;
  }

  /** Draw `answer`; nothing is touched that is the same as before. */
  update(answer) {
    const before = this.#answer;
    if (before === answer) {
      return;
    }
    this.#answer = answer;
    const isRunning = answer.status === "running";
    this.element.dataset.status = answer.status;
    this.element.setAttribute("aria-busy", String(isRunning));
    if (before?.text !== answer.text || before.citations !== answer.citations || before.status !== answer.status) {
      this.#updateNotes(answer);
      this.#body.update(answer.text, answer.citations, isRunning);
    }
    if (before?.filters !== answer.filters || before.status !== answer.status) {
      this.#narrowed.replaceChildren(...makeFilters(answer, (filter) => this.#handlers.takeAway(this.#answer, filter)));
    }
    this.#updateStatus(isRunning);
    if (before?.status !== answer.status || before?.passages !== answer.passages) {
      this.#updateEnding();
      this.#updateFoot(isRunning);
    }
  }

  /** Draw everything again, once the Markdown library has come. */
  refresh() {
    const answer = this.#answer;
    this.#answer = null;
    if (answer) {
      this.update(answer);
    }
  }

  /** Each note with the first chip of its number. */
  placedNotes() {
    const placed = [];
    const seen = new Set();
    for (const { element, index } of this.#body.chips) {
      const number = this.#answer.citations[index]?.number;
      const note = this.#notes.get(number);
      if (note && !seen.has(number)) {
        seen.add(number);
        placed.push({ note, chip: element });
      }
    }
    return placed;
  }

  /** The ranges of the text that citations of this number cover. */
  rangesOf(number) {
    return this.#answer.citations
      .map((citation, index) => (citation.number === number ? this.#body.rangeOf(index) : null))
      .filter(Boolean);
  }

  /** Stop counting seconds; the view is thrown away. */
  destroy() {
    clearInterval(this.#timer);
    this.element.remove();
  }

  #passageOf(citation) {
    return this.#answer.passages.find((passage) => passage.rank === citation.passage_rank) ?? null;
  }

  #makeChip(citation) {
    const url = documentUrl(citation);
    const words = [citation.title || citation.filename, pageWords(citation.page)].filter(Boolean).join(", ");
    const chip = h(
      url ? "a" : "span",
      {
        class: "chip",
        href: url,
        "data-number": citation.number,
        "aria-label": interpolate(gettext("Note %(number)s: %(place)s"), { number: citation.number, place: words }),
        "aria-describedby": this.#notes.get(citation.number)?.id,
        role: url ? null : "note",
      },
      String(citation.number),
    );
    attachCard(chip, () => ({ citation, passage: this.#passageOf(citation) }));
    chip.addEventListener("click", (event) => {
      if (url && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        this.#handlers.openCitation(this, citation);
      }
    });
    return chip;
  }

  #updateNotes(answer) {
    for (const citation of distinctCitations(answer.citations)) {
      if (!this.#notes.has(citation.number)) {
        const note = makeNote(citation);
        this.#notes.set(citation.number, note);
        this.#notesElement.append(note);
      }
    }
  }

  #updateStatus(isRunning) {
    const words = isRunning ? stepWords(this.#answer) : "";
    this.#status.hidden = !words;
    if (words) {
      this.#status.replaceChildren(h("span", { class: "spinner", "aria-hidden": "true" }), h("span", {}, words), this.#elapsed);
    }
    if (words && !this.#timer) {
      this.#timer = setInterval(() => {
        const seconds = Math.floor((performance.now() - this.#startedAt) / 1000);
        this.#elapsed.textContent = seconds ? interpolate(gettext("%(n)s s"), { n: formatNumber(seconds) }) : "";
      }, 250);
    } else if (!words && this.#timer) {
      clearInterval(this.#timer);
      this.#timer = 0;
    }
  }

  #updateEnding() {
    const ending = ENDINGS[this.#answer.status]?.(this.#answer);
    if (!ending || !ending[1]) {
      this.#ending.replaceChildren();
      return;
    }
    const [name, words] = ending;
    const isFailure = this.#answer.status === "failed";
    this.#ending.replaceChildren(
      h(
        "div",
        { class: `notice${isFailure ? " notice--bad" : ""}`, role: isFailure ? "alert" : null },
        icon(name),
        h("div", { class: "notice__body" }, h("p", {}, words)),
        this.#retryButton(),
      ),
    );
  }

  #retryButton() {
    const retry = () => this.#handlers.retry(this.#answer);
    return h("button", { class: "button button--small", type: "button", on: { click: retry } }, icon("retry", "icon--small"), gettext("Try again"));
  }

  #updateFoot(isRunning) {
    const { passages, stats, status } = this.#answer;
    if (isRunning) {
      this.#foot.replaceChildren();
      return;
    }
    const button = (name, label, click) =>
      h("button", { class: "button button--plain button--small", type: "button", on: { click } }, icon(name, "icon--small"), label);
    const sources = new Set(passages.map((passage) => passage.document_id)).size;
    this.#foot.replaceChildren(
      ...[
        passages.length
          ? button(
              "document",
              interpolate(ngettext("%(n)s source", "%(n)s sources", sources), { n: formatNumber(sources) }),
              () => this.#handlers.openSources(this),
            )
          : null,
        button("steps", gettext("Steps"), () => this.#handlers.openSteps(this)),
        this.#answer.text ? button("copy", gettext("Copy"), () => this.#copy()) : null,
        status === "refused" ? button("retry", gettext("Try again"), () => this.#handlers.retry(this.#answer)) : null,
        stats ? h("span", { class: "answer__stats number" }, this.#statsWords(stats)) : null,
      ].filter(Boolean),
    );
  }

  #statsWords({ passages, ms }) {
    return interpolate(ngettext("%(n)s passage, %(time)s", "%(n)s passages, %(time)s", passages), {
      n: formatNumber(passages),
      time: formatMilliseconds(ms),
    });
  }

  async #copy() {
    const notes = distinctCitations(this.#answer.citations).map((citation) => {
      const place = [citation.title || citation.filename, pageWords(citation.page)].filter(Boolean).join(", ");
      return `[${citation.number}] ${place}: ${citation.quote}`;
    });
    const text = [this.#answer.text, notes.join("\n")].filter(Boolean).join("\n\n");
    if (await copyText(text)) {
      toast(gettext("Copied, with its notes."), { kind: "ok" });
    } else {
      toast(gettext("The browser did not allow copying."), { kind: "warn" });
    }
  }

  #lightTogether() {
    const numberAt = (event) => Number(event.target.closest?.("[data-number]")?.dataset.number) || null;
    const turn = (on) => (event) => {
      const number = numberAt(event);
      if (number) {
        light(this, number, on);
      }
    };
    this.element.addEventListener("pointerover", turn(true));
    this.element.addEventListener("pointerout", turn(false));
    this.element.addEventListener("focusin", turn(true));
    this.element.addEventListener("focusout", turn(false));
    this.#notesElement.addEventListener("click", (event) => {
      const number = numberAt(event);
      const citation = this.#answer.citations.find((one) => one.number === number);
      if (citation?.document_id && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        this.#handlers.openCitation(this, citation);
      }
    });
  }
}
