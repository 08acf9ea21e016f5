/**
 * <footnote-assistant-picker>: whom one asks. A list of assistants with what each is for.
 *
 * Like a <select>: `value` is the chosen slug, "" when it is none of the list; `change` is sent when somebody chooses,
 * not when a script sets the value.
 */

import { closeMenu, openMenu } from "../menus.js";

class AssistantPicker extends HTMLElement {
  #button;
  #list;

  connectedCallback() {
    this.#button = this.querySelector("button");
    this.#list = this.querySelector("[role=listbox]");
    this.#button.addEventListener("click", () => openMenu(this.#list, this.#button));
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) {
        closeMenu(this.#list);
        this.value = option.dataset.value;
        this.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }

  get value() {
    return this.querySelector("[role=option][aria-selected=true]")?.dataset.value ?? "";
  }

  set value(slug) {
    for (const option of this.querySelectorAll("[role=option]")) {
      const isChosen = option.dataset.value === slug;
      option.setAttribute("aria-selected", String(isChosen));
      if (isChosen) {
        this.querySelector("[data-picked]").textContent = option.querySelector("[data-name]").textContent;
      }
    }
  }
}

customElements.define("footnote-assistant-picker", AssistantPicker);
