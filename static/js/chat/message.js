/** One answer on the page. */

import { h } from "../dom.js";
import { formatNumber, gettext, interpolate, listed, ngettext } from "../i18n.js";
import { Actions } from "./actions.js";
import { attachCard } from "./card.js";
import { makeDone } from "./done.js";
import { makeEnding } from "./ending.js";
import { makeFilters } from "./filters.js";
import { AnswerBody } from "./markdown.js";
import { light, makeNote } from "./notes.js";
import { fetchPassages, knownPassages, rememberPassages } from "./passages.js";
import { distinctCitations, documentUrl, pageWords } from "./places.js";
import { SentenceStates, makeLegend } from "./sentences.js";

function stepWords(answer) {
  if (answer.text) {
    return gettext("Writing");
  }
  const names = new Set(answer.steps.map((step) => step.name));
  const last = answer.steps.at(-1);
  if (last?.name === "wait_for_files") {
    return last.summary;
  }
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

/**
 * An answer; `update(state)` draws the state of store.js. Events go to `handlers`: {takeAway, openCitation}, and what
 * actions.js and ending.js call. With `isBare` there is nothing but its text and its notes.
 */
export class AnswerView {
  element;
  #handlers;
  #drawn;
  #answer = null;
  #prose;
  #body;
  #states;
  #isAsleep = false;
  #narrowed = h("div", { class: "narrowed" });
  #status;
  #elapsed = h("span", { class: "answer__elapsed number" });
  #done = h("div", { class: "answer__done" });
  #ending;
  #legend = h("div", { class: "answer__legend" });
  #actions = null;
  #siblings = null;
  #goesOnFrom = -1;
  #notesElement;
  #notes = new Map();
  #timer = 0;
  #startedAt = performance.now();

  /** `isBare`: without what one does with an answer. `isAsleep`: plain text until `wake()`, as one of many. `drawn(view)`
   * is called whenever its notes may have to stand elsewhere. */
  constructor(handlers, { isBare = false, isAsleep = false, drawn = () => {} } = {}) {
    this.#handlers = handlers;
    this.#drawn = drawn;
    this.#isAsleep = isAsleep;
    const prose = h("div", { class: "answer__text prose", dir: "auto" });
    this.#prose = prose;
    this.#status = h("p", { class: "answer__status", hidden: true });
    this.#ending = h("div", { class: "answer__ending" });
    this.#actions = isBare ? null : new Actions(this, prose, handlers);
    this.#notesElement = h("div", { class: "notes" });
    this.element = h(
      "article",
      { class: "answer", "aria-label": gettext("Answer") },
      this.#narrowed,
      this.#status,
      this.#done,
      prose,
      this.#ending,
      this.#legend,
      this.#actions?.element ?? null,
      this.#notesElement,
    );
    const bodyDrawn = () => {
      this.#states.draw(this.#answer, this.#notes);
      drawn(this);
    };
    this.#body = new AnswerBody(prose, (citation) => this.#makeChip(citation), bodyDrawn);
    this.#states = new SentenceStates(this.#body, this.#notesElement);
    this.#lightTogether();
  }

  get answer() {
    return this.#answer;
  }

  /** The turn to its branches. */
  get switcher() {
    return this.#actions.switcher;
  }

  /** Draw `answer`, one of these `siblings`; nothing is touched that is the same as before. */
  update(answer, siblings = [answer.id]) {
    const before = this.#answer;
    if (before === answer && this.#siblings?.join() === siblings.join()) {
      return;
    }
    this.#answer = answer;
    this.#siblings = siblings;
    const isRunning = answer.status === "running";
    if (isRunning && before && before.status !== "running") {
      this.#goesOnFrom = answer.length;
      this.#startedAt = performance.now();
    }
    this.element.dataset.status = answer.status;
    this.element.setAttribute("aria-busy", String(isRunning));
    if (answer.passages.length) {
      rememberPassages(answer.id, answer.passages);
    }
    if (this.#isAsleep) {
      this.#prose.textContent = answer.text;
      return;
    }
    const isSame = ["text", "citations", "sentences", "status"].every((name) => before?.[name] === answer[name]);
    if (!isSame) {
      this.#updateNotes(answer);
      this.#body.update(answer.text, answer.citations, isRunning, answer.sentences);
      this.#legend.replaceChildren(...[makeLegend(answer.sentences)].filter(Boolean));
    }
    if (before?.filters !== answer.filters || before.status !== answer.status) {
      this.#narrowed.replaceChildren(...makeFilters(answer, (filter) => this.#handlers.takeAway(this.#answer, filter)));
    }
    this.#updateStatus(isRunning);
    if (before?.status !== answer.status || before?.passages !== answer.passages) {
      this.#updateDone(isRunning);
    }
    if (before?.status !== answer.status) {
      this.#ending.replaceChildren(...(this.#actions ? [makeEnding(answer, this.#handlers)] : []).filter(Boolean));
    }
    this.#actions?.update(answer, siblings);
    this.#drawn(this);
  }

  /** Draw what has been plain text so far. */
  wake() {
    this.#isAsleep = false;
    this.refresh();
  }

  /** Whether its notes are part of the layout: not while the browser skips it, nor while two answers are compared. */
  get isLaidOut() {
    return this.#notesElement.checkVisibility({ contentVisibilityAuto: true });
  }

  /** The passages of a finished answer as they are known by now; null when they have to be fetched. */
  get passages() {
    const { id, passages, stats, status } = this.#answer;
    const isKnown = passages.length || status === "running" || !stats?.passages;
    return isKnown ? passages : knownPassages(id);
  }

  /** Fetch its passages; raises RequestError. */
  fetchPassages() {
    return fetchPassages(this.#answer.id);
  }

  /** Draw everything again, once the Markdown library has come. */
  refresh() {
    const answer = this.#answer;
    this.#answer = null;
    if (answer) {
      this.update(answer, this.#siblings);
    }
  }

  /** Each note with the first chip of its number. */
  placedNotes() {
    if (this.element.hasAttribute("data-comparing")) {
      return [];
    }
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
    return [...placed, ...this.#states.placedNotes()];
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
    this.#states.clear();
    this.#actions?.destroy();
    this.element.remove();
  }

  #lookUp(citation) {
    const of = (passages) => passages.find((passage) => passage.rank === citation.passage_rank) ?? null;
    const known = this.passages;
    return { citation, passage: known && of(known), fetch: known ? null : () => this.fetchPassages().then(of) };
  }

  #makeChip(citation) {
    const url = documentUrl(citation);
    const words = listed([citation.title || citation.filename, pageWords(citation.page)]);
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
    attachCard(chip, () => this.#lookUp(citation));
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

  #updateDone(isRunning) {
    const { stats } = this.#answer;
    const line = stats && !isRunning ? makeDone(this.#answer, () => this.#handlers.openSteps(this)) : null;
    this.#done.replaceChildren(...(line ? [line] : []));
  }

  #updateStatus(isRunning) {
    const isGoingOn = this.#goesOnFrom === this.#answer.length;
    const words = isRunning ? (isGoingOn ? gettext("Going on") : stepWords(this.#answer)) : "";
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
