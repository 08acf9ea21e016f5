/** The states of an answer's sentences: how they are underlined, said in words, and counted at the end. */

import { h } from "../dom.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { makeStateNote, sayState } from "./notes.js";

/** From what a reader must know first to what needs no word. */
const STATES = ["unsupported", "partly", "supported", "no_claim"];

const COUNTED = {
  supported: (n) => ngettext("%(n)s supported", "%(n)s supported", n),
  partly: (n) => ngettext("%(n)s partly supported", "%(n)s partly supported", n),
  unsupported: (n) => ngettext("%(n)s not supported", "%(n)s not supported", n),
  no_claim: (n) => ngettext("%(n)s without a claim", "%(n)s without a claim", n),
};

/** The word for a state that a reader is told of; nothing for the others. */
export function stateWord(state) {
  return { unsupported: gettext("not supported"), partly: gettext("partly supported") }[state] ?? "";
}

/** For each number of a note the first state, in the order of STATES, of the sentences that its citations touch. */
export function statesOfNumbers({ citations, sentences }) {
  const found = new Map();
  for (const { number, start, end } of citations) {
    for (const sentence of sentences) {
      const before = found.get(number);
      if (sentence.start < end && sentence.end > start && (!before || STATES.indexOf(sentence.state) < STATES.indexOf(before))) {
        found.set(number, sentence.state);
      }
    }
  }
  return found;
}

/** How many sentences are in which state; null when none has one. */
export function makeLegend(sentences) {
  if (!sentences.length) {
    return null;
  }
  const counts = new Map(STATES.map((state) => [state, sentences.filter((one) => one.state === state).length]));
  const parts = ["supported", "partly", "unsupported", "no_claim"].filter((state) => counts.get(state));
  const total = interpolate(ngettext("%(n)s sentence:", "%(n)s sentences:", sentences.length), { n: formatNumber(sentences.length) });
  return h(
    "p",
    { class: "legend number" },
    h("span", {}, total),
    ...parts.map((state) => {
      const n = counts.get(state);
      return h("span", { class: `legend__part legend__part--${state}` }, interpolate(COUNTED[state](n), { n: formatNumber(n) }));
    }),
  );
}

/** What is drawn of the states of one answer. */
export class SentenceStates {
  #body;
  #notesElement;
  #underlined = [];
  #uncited = [];

  /** `body` is the answer's AnswerBody, `notesElement` where its notes are. */
  constructor(body, notesElement) {
    this.#body = body;
    this.#notesElement = notesElement;
  }

  /** Underline the sentences of `answer`, and say their states in its `notes` (by number). A sentence that needs a word
   * and has no note gets one. */
  draw(answer, notes) {
    this.clear();
    const states = statesOfNumbers(answer);
    for (const [number, note] of notes) {
      sayState(note, stateWord(states.get(number)));
    }
    answer.sentences.forEach((sentence, index) => {
      const word = stateWord(sentence.state);
      const place = word ? this.#body.sentenceAt(index) : null;
      if (!place) {
        return;
      }
      this.#underline(sentence.state, place.range);
      // An underline is not heard.
      place.anchor.replaceChildren(h("span", { class: "visually-hidden sentence-word" }, ` (${word})`));
      if (!answer.citations.some(({ start, end }) => start < sentence.end && end > sentence.start)) {
        const note = makeStateNote(word);
        this.#notesElement.append(note);
        this.#uncited.push({ note, chip: place.anchor });
      }
    });
  }

  /** The notes of sentences that have no other, each with the element that it belongs beside. */
  placedNotes() {
    return this.#uncited.filter(({ chip }) => chip.isConnected);
  }

  /** Take away what was drawn, but for the words in the notes. */
  clear() {
    for (const { state, range } of this.#underlined.splice(0)) {
      CSS.highlights.get(state)?.delete(range);
    }
    for (const { note } of this.#uncited.splice(0)) {
      note.remove();
    }
  }

  #underline(state, range) {
    if (!globalThis.CSS?.highlights) {
      return;
    }
    if (!CSS.highlights.has(state)) {
      CSS.highlights.set(state, new Highlight());
    }
    CSS.highlights.get(state).add(range);
    this.#underlined.push({ state, range });
  }
}
