/** Notes in the margin, each beside the sentence it belongs to; and the light that joins chip, note and sentence. */

import { freshId, h } from "../dom.js";
import { documentUrl, editedWord, pageWords } from "./places.js";
import { stackNotes } from "./stacking.js";

const GAP_PX = 14;
const wide = matchMedia("(min-width: 1200px)");

/** The note of a citation. */
export function makeNote(citation) {
  const url = documentUrl(citation);
  const title = citation.title || citation.filename;
  const page = pageWords(citation.page);
  return h(
    "div",
    { class: "note", role: "note", id: freshId("note"), "data-number": citation.number },
    h("span", { class: "note__number", "aria-hidden": "true" }, String(citation.number)),
    h(
      "p",
      { class: "note__place" },
      url ? h("a", { href: url, class: "note__title", dir: "auto" }, title) : h("span", { class: "note__title", dir: "auto" }, title),
      page ? h("span", { class: "note__page" }, page) : null,
      citation.edited ? h("span", { class: "note__page" }, editedWord(citation)) : null,
    ),
    citation.quote ? h("p", { class: "note__quote", dir: "auto" }, citation.quote) : null,
  );
}

/** Say in a note what state its sentence is in; nothing for no `word`. */
export function sayState(note, word) {
  const there = note.querySelector(".note__state");
  if (there?.textContent === word || (!there && !word)) {
    return;
  }
  there?.remove();
  if (word) {
    note.querySelector(".note__place").append(h("span", { class: "note__state" }, word));
  }
}

/** The note of a sentence that nothing is cited for. */
export function makeStateNote(word) {
  const note = h("div", { class: "note note--state", role: "note" }, h("p", { class: "note__place" }));
  sayState(note, word);
  return note;
}

/** Lays out the notes of a whole thread; `body` is what their places are measured from. */
export class NoteLayout {
  #body;
  #answers;
  #frame = 0;

  /** `answers()` gives the answers in order, each with `placedNotes()`: [{note, chip}]. */
  constructor(body, answers) {
    this.#body = body;
    this.#answers = answers;
    new ResizeObserver(() => this.schedule()).observe(body);
    wide.addEventListener("change", () => this.schedule());
    document.fonts?.ready.then(() => this.schedule());
  }

  /** Lay out before the next frame is painted. */
  schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#layOut();
    });
  }

  #layOut() {
    if (!wide.matches) {
      this.#body.style.minBlockSize = "";
      return;
    }
    const origin = this.#body.getBoundingClientRect().top;
    const placed = this.#answers()
      .flatMap((answer) => answer.placedNotes())
      .map(({ note, chip }) => ({ note, wanted: chip.getBoundingClientRect().top - origin - 2, height: note.offsetHeight }))
      .sort((a, b) => a.wanted - b.wanted);
    const tops = stackNotes(placed.map((p) => p.wanted), placed.map((p) => p.height), GAP_PX);
    placed.forEach(({ note }, index) => {
      note.style.insetBlockStart = `${Math.round(tops[index])}px`;
      note.dataset.placed = "";
    });
    const end = placed.length ? tops.at(-1) + placed.at(-1).height : 0;
    // Not a custom property: every element of a long thread would have to be styled again.
    this.#body.style.minBlockSize = `calc(${Math.ceil(end)}px + var(--space-6))`;
  }
}

/** Light a chip's note, its sentence and every chip of the same number; `on` false puts it out. */
export function light(answer, number, on) {
  for (const element of answer.element.querySelectorAll(`[data-number="${number}"]`)) {
    element.toggleAttribute("data-lit", on);
  }
  if (!globalThis.CSS?.highlights) {
    return;
  }
  CSS.highlights.delete("cited");
  const ranges = on ? answer.rangesOf(number) : [];
  if (ranges.length) {
    CSS.highlights.set("cited", new Highlight(...ranges));
  }
}
