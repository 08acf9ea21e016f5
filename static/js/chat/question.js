/** One question on the page: its text, the box in its place when it is asked in other words, its branches. */

import { copyText } from "../copy.js";
import { freshId, h, icon } from "../dom.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";
import { toast } from "../toasts.js";
import { codePoints } from "./answer.js";
import { MAX_QUESTION } from "./composer.js";
import { takenAwayWords } from "./filters.js";
import { makeScope } from "./scope.js";
import { Switcher } from "./siblings.js";

// What is longer, in characters or lines, is folded.
const LONG_CHARACTERS = 700;
const LONG_LINES = 12;

function isLong(text) {
  return codePoints(text) > LONG_CHARACTERS || text.split("\n").length > LONG_LINES;
}

/** The question as it stands above its answer; a long one is folded, with a button that shows all of it. */
export function makeQuestion(text, isPending = false, takenAway = [], scope = []) {
  const element = h(
    "div",
    { class: "question", "data-pending": isPending },
    h("h2", { class: "question__text", dir: "auto" }, h("span", { class: "visually-hidden", dir: "auto" }, gettext("You asked: ")), text),
  );
  if (isLong(text)) {
    element.append(makeFold(element));
  }
  element.append(...[makeScope(scope), takenAway.length ? h("p", { class: "question__without" }, takenAwayWords(takenAway)) : null].filter(Boolean));
  return element;
}

function makeFold(question) {
  const button = h("button", { class: "button button--small button--plain question__fold", type: "button" });
  const fold = (isFolded) => {
    question.toggleAttribute("data-folded", isFolded);
    button.setAttribute("aria-expanded", String(!isFolded));
    button.textContent = isFolded ? gettext("Show all of the question") : gettext("Show less of the question");
  };
  button.addEventListener("click", () => {
    const isFolded = question.toggleAttribute("data-folded");
    fold(isFolded);
    if (isFolded) {
      question.scrollIntoView({ block: "nearest", behavior: "instant" });
    }
  });
  fold(true);
  return button;
}

async function copyQuestion(text) {
  if (await copyText(text)) {
    toast(gettext("Copied."), { kind: "ok" });
  } else {
    toast(gettext("The browser did not allow copying. Select the text and copy it with the keyboard."), { kind: "warn" });
  }
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
    const copy = makeTool("copy", gettext("Copy the question"), () => copyQuestion(message.text));
    this.#pencil = makeTool("pencil", gettext("Ask in other words"), () => this.#open());
    this.#tools = h("div", { class: "question__tools" }, copy, this.#pencil, this.switcher.element);
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

function makeTool(name, label, click) {
  const properties = { class: "button button--icon button--small", type: "button", title: label, "aria-label": label, on: { click } };
  return h("button", properties, icon(name, "icon--small"));
}
