/** The question box: it grows, keeps its draft, says why something cannot be sent, and stops an answer. */

import { formatNumber, gettext, interpolate } from "../i18n.js";
import { codePoints } from "./answer.js";

/** The longest question, in code points. */
export const MAX_QUESTION = 8000;
const COUNT_FROM = 7000;

/** Events: `ask` (detail {question}), `stop`. */
export class Composer extends EventTarget {
  #form;
  #input;
  #button;
  #hint;
  #key = null;
  #isRunning = false;
  #isOnline = true;
  #isWaiting = false;
  #said = ["", false];

  constructor(form) {
    super();
    this.#form = form;
    this.#input = form.querySelector("[data-composer-input]");
    this.#button = form.querySelector("[data-composer-send]");
    this.#hint = form.querySelector("[data-composer-hint]");
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#submit();
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isRunning) {
        this.dispatchEvent(new CustomEvent("stop"));
      } else {
        this.#submit();
      }
    });
  }

  get input() {
    return this.#input;
  }

  /** Keep the draft under this name, and bring back the one that is there. */
  keepDraftAs(name) {
    const draft = this.#input.value;
    this.#forget();
    this.#key = `footnote.draft.${name}`;
    if (!draft) {
      this.#input.value = this.#stored() ?? "";
    }
    this.#changed();
  }

  set isRunning(value) {
    if (this.#isRunning !== value) {
      this.#isRunning = value;
      this.say("");
    }
  }

  set isOnline(value) {
    if (this.#isOnline !== value) {
      this.#isOnline = value;
      this.say("");
    }
  }

  /** Whether a question is under way that the server has not confirmed. */
  set isWaiting(value) {
    if (this.#isWaiting !== value) {
      this.#isWaiting = value;
      this.#draw();
    }
  }

  /** Put a text into the box, in place of an empty one; what somebody is writing is never lost. */
  restore(question) {
    if (!this.#input.value.trim()) {
      this.#input.value = question;
    }
    this.#changed();
  }

  /** Ask this, as if it had been written and sent. */
  ask(question) {
    this.#input.value = question;
    this.#submit();
  }

  clear() {
    this.#input.value = "";
    this.#changed();
  }

  focus() {
    this.#input.focus();
  }

  /** Say something under the box until the question or the state changes; with no text, what the state gives. */
  say(text, isBad = false) {
    this.#said = [text, isBad];
    this.#draw();
  }

  #submit() {
    const question = this.#input.value.trim();
    if (this.#isRunning || this.#isWaiting) {
      this.say(gettext("An answer is still being written. Your question stays here until it is done."));
    } else if (!this.#isOnline) {
      this.say(gettext("There is no connection. Your question stays here; send it when the connection is back."), true);
    } else if (!question) {
      this.say(gettext("Write a question first."));
      this.#input.focus();
    } else if (codePoints(question) <= MAX_QUESTION) {
      this.dispatchEvent(new CustomEvent("ask", { detail: { question } }));
    } else {
      this.#input.focus();
    }
  }

  #changed() {
    if (this.#key) {
      this.#store(this.#input.value);
    }
    this.say("");
  }

  #draw() {
    const length = codePoints(this.#input.value.trim());
    const isTooLong = length > MAX_QUESTION;
    this.#form.toggleAttribute("data-running", this.#isRunning);
    this.#form.toggleAttribute("data-empty", length === 0);
    this.#button.setAttribute("aria-label", this.#isRunning ? gettext("Stop the answer") : gettext("Send the question"));
    this.#button.setAttribute(
      "aria-disabled",
      String(!this.#isRunning && (length === 0 || isTooLong || !this.#isOnline || this.#isWaiting)),
    );
    this.#input.setAttribute("aria-invalid", String(isTooLong));
    const [text, isBad] = this.#said[0] ? this.#said : this.#hintFor(length, isTooLong);
    if (this.#hint.textContent !== text) {
      this.#hint.textContent = text;
    }
    this.#hint.classList.toggle("composer__hint--bad", isBad);
  }

  #hintFor(length, isTooLong) {
    const count = { n: formatNumber(length), max: formatNumber(MAX_QUESTION) };
    if (isTooLong) {
      const words = gettext("%(n)s of %(max)s characters. Shorten the question, or upload the text as a document.");
      return [interpolate(words, count), true];
    }
    if (!this.#isOnline) {
      return [gettext("No connection. You can go on writing."), false];
    }
    return [length >= COUNT_FROM ? interpolate(gettext("%(n)s of %(max)s characters"), count) : "", false];
  }

  // Storage can be full or forbidden; the draft then lives as long as the page.
  #store(draft) {
    try {
      if (draft) {
        localStorage.setItem(this.#key, draft);
      } else {
        localStorage.removeItem(this.#key);
      }
    } catch {
      this.#key = null;
    }
  }

  #stored() {
    try {
      return localStorage.getItem(this.#key);
    } catch {
      return null;
    }
  }

  #forget() {
    if (this.#key) {
      this.#store("");
    }
  }
}
