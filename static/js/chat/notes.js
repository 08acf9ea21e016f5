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

/**
 * Places the notes of a thread, each from the top of its own answer: what grows above an answer takes its notes along, and
 * a scroll places nothing. An answer's notes keep below those of the answer before.
 *
 * Notes are placed when the browser has laid out, so no layout is forced: everything is read, then everything written.
 * Of an answer that the browser skips nothing can be read; it waits until it is seen.
 */
export class NoteLayout {
  #list;
  #views = new WeakMap();
  #waiting = new WeakSet();
  #ends = new WeakMap();
  #observer = new ResizeObserver((entries) => this.#place(new Set(entries.map(({ target }) => this.#answerAt(target)))));

  /** `list` has the questions and answers as its children. */
  constructor(list) {
    this.#list = list;
    list.addEventListener("contentvisibilityautostatechange", ({ target, skipped }) => !skipped && this.#seen(this.#views.get(target)));
    // What was done for an answer unfolds above its text, and the last answer may stay as high as it was.
    list.addEventListener("toggle", ({ target }) => target.matches("details") && this.watch(target), { capture: true });
    wide.addEventListener("change", () => {
      list.style.paddingBlockEnd = "";
      [...list.children].forEach((element) => this.#seen(this.#views.get(element)));
    });
    document.fonts?.ready.then(() => [...list.children].forEach((element) => this.schedule(this.#views.get(element))));
  }

  /** Place the notes of an answer with the next frame, and from then on whenever its size changes. */
  schedule(view) {
    if (view) {
      this.#views.set(view.element, view);
      this.watch(view.element);
    }
  }

  /** Look at the size of a question, which moves the notes below it, or of what stands in an answer. */
  watch(element) {
    // Told of an element anew, the browser calls back after its next layout.
    this.#observer.unobserve(element);
    this.#observer.observe(element);
  }

  #seen(view) {
    if (this.#waiting.delete(view)) {
      this.schedule(view);
    }
  }

  #answerAt(element) {
    return this.#views.get(element.closest(".answer") ?? element.nextElementSibling);
  }

  #place(asked) {
    const places = [];
    let before = null;
    let isMoved = false;
    for (const element of this.#list.children) {
      const view = this.#views.get(element);
      if (view) {
        const isAsked = asked.has(view);
        const place = isAsked || isMoved ? this.#find(view, before) : null;
        isMoved = isAsked || Boolean(place?.isMoved);
        places.push(place);
        before = view;
      }
    }
    for (const { note, top } of places.flatMap((place) => place?.notes ?? [])) {
      const inset = `${Math.round(top)}px`;
      if (note.style.insetBlockStart !== inset) {
        note.style.insetBlockStart = inset;
      }
      note.dataset.placed = "";
    }
    const last = places.at(-1);
    if (last && this.#views.get(this.#list.lastElementChild) === before) {
      this.#list.style.paddingBlockEnd = last.below > 0 ? `${Math.ceil(last.below)}px` : "";
    }
  }

  /** Where the notes of `view` should be, when `before` is the answer above; null while that cannot be known. */
  #find(view, before) {
    if (!wide.matches || !view.isLaidOut) {
      this.#waiting.add(view);
      return null;
    }
    this.#waiting.delete(view);
    const box = view.element.getBoundingClientRect();
    const least = this.#least(box, before);
    const wanted = view
      .placedNotes()
      .map(({ note, chip }) => ({ note, top: chip.getBoundingClientRect().top - box.top - 2, height: note.offsetHeight }))
      .sort((a, b) => a.top - b.top);
    const tops = stackNotes(wanted.map(({ top }) => top), wanted.map(({ height }) => height), GAP_PX, least);
    const end = wanted.length ? tops.at(-1) + wanted.at(-1).height : least - GAP_PX;
    const isMoved = this.#ends.get(view) !== end;
    this.#ends.set(view, end);
    return { notes: wanted.map(({ note }, index) => ({ note, top: tops[index] })), isMoved, below: end - box.height };
  }

  /** The highest place that is free beside an answer in `box`. */
  #least(box, before) {
    if (!before) {
      return this.#list.getBoundingClientRect().top - box.top;
    }
    const above = before.element.getBoundingClientRect();
    return above.top + (this.#ends.get(before) ?? above.height) + GAP_PX - box.top;
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
