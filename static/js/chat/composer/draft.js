/** A draft in the browser's storage: what is written, and what it is narrowed to. It outlives a reload. */

/** The draft of one conversation, or of a new one. Storage can be full or forbidden; then it lives as long as the page. */
export class Draft {
  #key;

  constructor(name) {
    this.#key = `footnote.draft.${name}`;
  }

  get text() {
    return read(this.#key) ?? "";
  }

  set text(value) {
    write(this.#key, value);
  }

  /** {assistant, scope, files}, as `chosen` was set; null where nothing was chosen. */
  get chosen() {
    try {
      return JSON.parse(read(`${this.#key}.chosen`) ?? "null");
    } catch {
      return null;
    }
  }

  set chosen(value) {
    const isEmpty = !value || (!value.assistant && !value.files && !value.scope?.length);
    write(`${this.#key}.chosen`, isEmpty ? "" : JSON.stringify(value));
  }

  forget() {
    this.text = "";
    this.chosen = null;
  }
}

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value) {
      localStorage.setItem(key, value);
    } else {
      localStorage.removeItem(key);
    }
  } catch {
    // It is kept as long as the page.
  }
}
