/** What stands where a conversation has not begun: the assistant's name, what it is for, and questions to begin with. */

import { h, jsonScript } from "../dom.js";

/** The page of a new chat. Events: `suggest` (detail {question}). */
export class EmptyThread extends EventTarget {
  #element;
  #choice;

  /** `choice` is the list of assistants to choose from, null where there is one only. */
  constructor(element, choice) {
    super();
    this.#element = element;
    this.#choice = choice;
    choice?.addEventListener("change", () => this.show());
    element.addEventListener("click", (event) => {
      const suggestion = event.target.closest("[data-suggestion]");
      if (suggestion) {
        this.dispatchEvent(new CustomEvent("suggest", { detail: { question: suggestion.textContent.trim() } }));
      }
    });
    this.show();
  }

  set hidden(value) {
    this.#element.hidden = value;
  }

  /** Show the chosen assistant. */
  show() {
    const assistants = jsonScript("thread-assistants") ?? [];
    const assistant = assistants.find((one) => one.slug === this.#choice?.value) ?? assistants[0];
    if (!assistant) {
      return;
    }
    this.#element.querySelector("[data-assistant-name]").textContent = assistant.name;
    this.#element.querySelector("[data-assistant-description]").textContent = assistant.description;
    this.#element.querySelector("[data-suggestions]").replaceChildren(
      ...(assistant.suggestions ?? []).map((question) =>
        h("li", {}, h("button", { class: "suggestion", type: "button", dir: "auto", "data-suggestion": true }, question)),
      ),
    );
  }
}
