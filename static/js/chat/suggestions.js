/** What could be asked next, after the newest answer: questions that its passages answer. */

import { h } from "../dom.js";
import { getJson } from "../http.js";
import { gettext } from "../i18n.js";

/** Suggestions under one answer at a time. `ask(question)` is called at a click. */
export class Suggestions {
  #ask;
  #known = new Map();
  #element = null;
  #shownFor = null;

  constructor(ask) {
    this.#ask = ask;
  }

  /** Show them under `view`, whose answer is the end of the branch and complete; null takes them away. */
  async show(view) {
    const id = view?.answer.id ?? null;
    if (this.#shownFor === id && (!this.#element || this.#element.isConnected)) {
      return;
    }
    this.#shownFor = id;
    this.#element?.remove();
    this.#element = null;
    const questions = id ? await this.#questionsOf(id) : [];
    if (questions.length && this.#shownFor === id && !this.#element) {
      this.#element = this.#make(questions);
      view.element.append(this.#element);
    }
  }

  #questionsOf(id) {
    if (!this.#known.has(id)) {
      // Without them the page lacks nothing: a failure is no matter for the reader.
      const fetched = getJson(`/answers/${id}/suggestions`).then(({ questions }) => questions, () => []);
      this.#known.set(id, fetched);
    }
    return this.#known.get(id);
  }

  #make(questions) {
    const choose = (question) => h("button", { class: "suggestion suggestion--next", type: "button", dir: "auto", on: { click: () => this.#ask(question) } }, question);
    return h(
      "nav",
      { class: "next", "aria-label": gettext("What could be asked next") },
      h("p", { class: "next__title" }, gettext("Also in these documents")),
      h("ul", { class: "next__list", role: "list" }, ...questions.map((question) => h("li", {}, choose(question)))),
    );
  }
}
