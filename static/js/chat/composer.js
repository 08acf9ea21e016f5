/** The question box: it grows, keeps its draft, says why something cannot be sent, and stops an answer. */

import { jsonScript } from "../dom.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";
import { codePoints } from "./answer.js";
import { Blanks } from "./composer/blanks.js";
import { Chosen } from "./composer/chips.js";
import { Draft } from "./composer/draft.js";
import { Files } from "./composer/files.js";
import { Menu } from "./composer/menu.js";
import { takeFiles } from "./composer/taking_files.js";
import { replaceText } from "./composer/token.js";

/** The longest question, in code points. */
export const MAX_QUESTION = 8000;
const COUNT_FROM = 7000;

/** Events: `ask` (detail {question, assistant, scope, files}: assistant, scope and files are null for none), `stop`. */
export class Composer extends EventTarget {
  #form;
  #input;
  #button;
  #hint;
  #chips;
  #chosen;
  #files;
  #menu;
  #blanks;
  #draft = null;
  #isRunning = false;
  #isOnline = true;
  #isWaiting = false;
  /** Whether the question goes off by itself once all files are sent. */
  #isDue = false;
  #isSettling = false;
  #said = ["", false];

  constructor(form) {
    super();
    this.#form = form;
    this.#input = form.querySelector("[data-composer-input]");
    this.#button = form.querySelector("[data-composer-send]");
    this.#hint = form.querySelector("[data-composer-hint]");
    this.#chips = form.querySelector("[data-composer-chips]");
    const begin = jsonScript("composer-begin");
    this.#chosen = new Chosen(begin.most_scope);
    const limits = { most: begin.most_files, maxBytes: begin.max_bytes, maxMb: begin.max_mb };
    this.#files = new Files({ ...form.dataset }, limits);
    // The menu comes first: what its keys mean to it, they do not mean to the box.
    this.#menu = new Menu(this.#input, form.querySelector("[data-completion]"), (kind, query) => this.#completions(kind, query));
    this.#blanks = new Blanks(this.#input);
    this.#listen(begin.most_scope);
  }

  get input() {
    return this.#input;
  }

  /** Keep the draft with a conversation, null for a new one, and bring back the one that is there. */
  keepDraftAs(conversation) {
    const text = this.#input.value;
    const isFirst = this.#draft === null;
    this.#draft?.forget();
    this.#draft = new Draft(conversation ?? "new");
    this.#files.conversation = conversation;
    if (!text) {
      this.#input.value = this.#draft.text;
    } else if (isFirst) {
      // Written before this script was there: Enter was meant to send, and broke the line.
      this.#input.value = text.trimEnd();
    }
    if (isFirst) {
      this.#begin(conversation);
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

  /** Empty the box and what went with the question; files stay with their conversation. */
  clear() {
    this.#input.value = "";
    this.#blanks.close();
    this.#chosen.set(null, []);
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

  #listen(mostScope) {
    this.#menu.addEventListener("take", (event) => this.#take(event.detail));
    this.#menu.addEventListener("pass", () => this.#submit());
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#submit();
      }
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#isRunning) {
        this.dispatchEvent(new CustomEvent("stop"));
      } else {
        this.#submit();
      }
    });
    for (const part of [this.#chosen, this.#files]) {
      part.addEventListener("change", () => this.#drawChips());
    }
    this.#chosen.addEventListener("full", () => {
      const words = gettext("A question can be narrowed to %(most)s documents and data sources. Take some out.");
      this.say(interpolate(words, { most: formatNumber(mostScope) }), true);
    });
    this.#files.addEventListener("problem", (event) => this.say(event.detail, true));
    takeFiles(this.#form, this.#input, (files) => this.#files.add(files));
  }

  #begin(conversation) {
    const begin = jsonScript("composer-begin");
    const kept = this.#draft.chosen ?? {};
    this.#chosen.set(kept.assistant, begin.scope.length ? begin.scope : kept.scope);
    this.#files.restore(conversation ? begin.files : kept.files);
  }

  #completions(kind, query) {
    const assistant = this.#chosen.assistant?.id ?? document.querySelector("[data-assistant-choice]")?.value ?? "";
    const about = new URLSearchParams({ q: query, assistant, files: this.#files.id ?? "" });
    return `${this.#form.dataset.complete}${kind}?${about}`;
  }

  #take({ item, token }) {
    if (item.kind === "prompt") {
      replaceText(this.#input, token.start, token.end, item.text);
      this.#changed();
      if (this.#blanks.begin(token.start)) {
        this.say(gettext("Fill in what is chosen. Tab goes on to the next."));
      }
      return;
    }
    replaceText(this.#input, token.start, token.end, "");
    this.#chosen.take(item);
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
    } else if (codePoints(question) > MAX_QUESTION) {
      this.#input.focus();
    } else if (this.#blanks.areLeft) {
      this.#blanks.choose();
      this.say(gettext("Fill this in, or press Esc to send it as it is."));
    } else if (this.#files.hasFailed) {
      this.say(gettext("A file could not be used. Take it out, then send the question."), true);
    } else if (this.#files.isSending) {
      this.#isDue = true;
      this.say(gettext("The question is sent as soon as the files are."));
    } else {
      this.#ask(question);
    }
  }

  async #ask(question) {
    if (this.#isSettling) {
      return;
    }
    this.#menu.close();
    this.#isSettling = true;
    await this.#files.settle();
    this.#isSettling = false;
    this.dispatchEvent(
      new CustomEvent("ask", {
        detail: {
          question,
          assistant: this.#chosen.assistant?.id ?? null,
          scope: this.#chosen.command,
          files: this.#files.conversation ? null : this.#files.id,
        },
      }),
    );
  }

  #changed() {
    if (this.#draft) {
      this.#draft.text = this.#input.value;
    }
    this.#isDue = false;
    this.say("");
  }

  #drawChips() {
    const active = document.activeElement;
    const place = [...this.#chips.children].findIndex((chip) => chip.contains(active));
    this.#chips.replaceChildren(...this.#chosen.chips(), ...this.#files.chips());
    this.#chips.hidden = !this.#chips.children.length;
    if (place >= 0) {
      // The focus stays at this place of the row, or goes back to the box when it is empty.
      (this.#chips.children[Math.min(place, this.#chips.children.length - 1)]?.querySelector("button") ?? this.#input).focus();
    }
    if (this.#draft) {
      const { conversation, id } = this.#files;
      const { assistant, scope } = this.#chosen;
      this.#draft.chosen = { assistant, scope, files: conversation ? null : id };
    }
    if (this.#isDue && !this.#files.isSending) {
      this.#isDue = false;
      this.say("");
      this.#submit();
    }
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
}
