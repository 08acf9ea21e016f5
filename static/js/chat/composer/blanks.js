/** What a prompt leaves to be filled in, `{{topic}}`: chosen one after the other with Tab. */

const BLANK = /\{\{[^{}\n]{1,60}\}\}/g;

/** The spans of all blanks of a text, in order: {start, end}. */
export function blanksOf(text) {
  return [...text.matchAll(BLANK)].map((found) => ({ start: found.index, end: found.index + found[0].length }));
}

/** The blanks of the question box, from the moment a prompt was put in until none is left or Esc. */
export class Blanks {
  #input;
  #isOpen = false;

  constructor(input) {
    this.#input = input;
    input.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Whether there is something to fill in. */
  get areLeft() {
    return this.#isOpen && blanksOf(this.#input.value).length > 0;
  }

  /** Begin with the first blank from `start` on; whether there is one. */
  begin(start) {
    this.#isOpen = true;
    return this.choose(start);
  }

  /** Choose the first blank from `start` on, or the first of all. */
  choose(start = 0) {
    const blanks = blanksOf(this.#input.value);
    const next = blanks.find((blank) => blank.start >= start) ?? blanks[0];
    this.#isOpen &&= Boolean(next);
    if (next) {
      this.#input.focus();
      this.#input.setSelectionRange(next.start, next.end);
    }
    return Boolean(next);
  }

  close() {
    this.#isOpen = false;
  }

  #pressed(event) {
    if (!this.#isOpen || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Tab" && this.#move(event.shiftKey)) {
      event.preventDefault();
    }
  }

  // Tab leaves the box as ever once nothing is left on that side.
  #move(isBack) {
    const { selectionStart, selectionEnd, value } = this.#input;
    const blanks = blanksOf(value);
    const next = isBack
      ? blanks.filter((blank) => blank.end <= selectionStart).at(-1)
      : blanks.find((blank) => blank.start >= selectionEnd);
    if (!next) {
      this.#isOpen = blanks.length > 0;
      return false;
    }
    this.#input.setSelectionRange(next.start, next.end);
    return true;
  }
}
