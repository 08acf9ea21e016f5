/** One question on the page: its text, the box in its place when it is asked in other words, its branches. */

import { freshId, h, icon } from "../dom.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";
import { codePoints } from "./answer.js";
import { MAX_QUESTION } from "./composer.js";
import { takenAwayWords } from "./filters.js";
import { makeScope } from "./scope.js";
import { Switcher } from "./siblings.js";

const LONG_QUESTION = 140;

/** The question as it stands above its answer. */
export function makeQuestion(text, isPending = false, takenAway = [], scope = []) {
  const isLong = Array.from(text).length > LONG_QUESTION || text.includes("\n");
  return h(
    "div",
    { class: `question${isLong ? " question--long" : ""}`, "data-pending": isPending },
    h("h2", { class: "question__text", dir: "auto" }, h("span", { class: "visually-hidden", dir: "auto" }, gettext("You asked: ")), text),
    makeScope(scope),
    takenAway.length ? h("p", { class: "question__without" }, takenAwayWords(takenAway)) : null,
  );
}

/** A question that was asked. `handlers`: `edit(message, text)` (a promise), `turn(view, id, direction)`. */
export class QuestionView {
  element;
  switcher;
  #message;
  #handlers;
  #pencil;
  #tools;
  #form = null;

  constructor(message, handlers) {
    this.#message = message;
    this.#handlers = handlers;
    this.switcher = new Switcher("question", (id, direction) => handlers.turn(this, id, direction));
    const label = gettext("Ask in other words");
    this.#pencil = h(
      "button",
      { class: "button button--icon button--small", type: "button", title: label, "aria-label": label, on: { click: () => this.#open() } },
      icon("pencil", "icon--small"),
    );
    this.#tools = h("div", { class: "question__tools" }, this.switcher.element, this.#pencil);
    this.element = makeQuestion(message.text, false, message.filters, message.scope);
    this.element.append(this.#tools);
  }

  update(siblings) {
    this.switcher.update(this.#message.id, siblings);
    this.element.toggleAttribute("data-branched", siblings.length > 1);
  }

  #open() {
    const id = freshId("edit");
    const hint = h("p", { class: "question__hint", id: `${id}-hint`, role: "status" });
    const input = h("textarea", {
      class: "question__input",
      id,
      rows: 1,
      dir: "auto",
      value: this.#message.text,
      "aria-label": gettext("The question in other words"),
      "aria-describedby": hint.id,
    });
    const cancel = h("button", { class: "button button--small button--plain", type: "button", on: { click: () => this.#close() } }, gettext("Cancel"));
    const send = h("button", { class: "button button--small button--primary", type: "submit" }, gettext("Ask"));
    this.#form = h("form", { class: "question__form" }, input, h("div", { class: "question__foot" }, hint, cancel, send));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(input, send, hint);
    });
    this.#form.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.toggleAttribute("data-editing", true);
    this.element.append(this.#form);
    input.focus();
    input.select();
  }

  #pressed(event) {
    if (event.key === "Escape" && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("textarea")) {
      event.preventDefault();
      this.#form.requestSubmit();
    }
  }

  #close() {
    this.#form?.remove();
    this.#form = null;
    this.element.removeAttribute("data-editing");
    this.#pencil.focus({ preventScroll: true });
  }

  async #submit(input, send, hint) {
    const text = input.value.trim();
    const length = codePoints(text);
    if (send.getAttribute("aria-busy") === "true") {
      return;
    }
    if (!text || length > MAX_QUESTION) {
      const count = { n: formatNumber(length), max: formatNumber(MAX_QUESTION) };
      hint.textContent = text
        ? interpolate(gettext("%(n)s of %(max)s characters. Shorten the question."), count)
        : gettext("Write a question first.");
      input.focus();
      return;
    }
    send.setAttribute("aria-busy", "true");
    hint.textContent = "";
    try {
      // The branch that begins with it is shown from then on, and this view goes.
      await this.#handlers.edit(this.#message, text);
      this.#close();
    } catch (error) {
      hint.textContent = error.message;
      input.focus();
    } finally {
      send.removeAttribute("aria-busy");
    }
  }
}
