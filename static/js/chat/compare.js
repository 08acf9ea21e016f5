/** Two answers to one question side by side; one below the other where there is no room. */

import { h, icon } from "../dom.js";
import { gettext, interpolate } from "../i18n.js";
import { placeWords, Switcher } from "./siblings.js";

class Column {
  element;
  id;
  #look;
  #make;
  #view;
  #name = h("h3", { class: "compare__name" });
  #place = h("p", { class: "compare__place" });
  #switcher;
  #body = h("div", { class: "compare__body" });

  /** `look(id)` gives an answer, `make()` a bare view, `keep(id)` shows it alone. */
  constructor(id, look, make, keep) {
    this.id = id;
    this.#look = look;
    this.#make = make;
    this.#switcher = new Switcher("answer", (next, direction) => {
      this.id = next;
      this.#view = null;
      this.draw();
      this.#switcher.focus(direction);
    });
    const button = h("button", { class: "button button--small", type: "button", on: { click: () => keep(this.id) } }, gettext("Show this one"));
    const head = h("header", { class: "compare__head" }, h("div", {}, this.#name, this.#place), this.#switcher.element, button);
    this.element = h("section", { class: "compare__column" }, head, this.#body);
  }

  draw() {
    const { message, siblings } = this.#look(this.id);
    if (!message) {
      return false;
    }
    const { assistant } = message;
    const words = assistant?.version ? interpolate(gettext("%(name)s, version %(n)s"), { name: assistant.name, n: assistant.version }) : (assistant?.name ?? "");
    this.#name.textContent = words;
    this.#place.textContent = placeWords("answer", this.id, siblings);
    this.element.setAttribute("aria-label", `${words}. ${this.#place.textContent}`);
    this.#switcher.update(this.id, siblings);
    // With two there is nothing to turn to but the other column.
    this.#switcher.element.hidden = siblings.length < 3;
    if (!this.#view) {
      this.#view = this.#make();
      this.#body.replaceChildren(this.#view.element);
    }
    this.#view.update(message);
    return true;
  }
}

/** Stands in `host` (an AnswerView) in place of its answer, until it is closed. */
export class Comparison {
  #host;
  #columns;
  #element;

  /** `look(id)` gives {message, siblings}, `make()` a view without a foot, `keep(id)` shows one answer alone. */
  constructor(host, { look, make, keep }) {
    this.#host = host;
    const { siblings } = look(host.answer.id);
    const at = siblings.indexOf(host.answer.id);
    const pair = at > 0 ? [siblings[at - 1], siblings[at]] : siblings.slice(0, 2);
    const chosen = (id) => {
      this.close();
      keep(id);
    };
    this.#columns = pair.map((id) => new Column(id, look, make, chosen));
    const close = h(
      "button",
      { class: "button button--small", type: "button", "data-compare-close": true, on: { click: () => this.close() } },
      icon("close", "icon--small"),
      gettext("Close the comparison"),
    );
    this.#element = h(
      "section",
      { class: "compare", "aria-label": gettext("Answers side by side") },
      h("div", { class: "compare__columns" }, ...this.#columns.map((column) => column.element)),
      h("div", { class: "compare__foot" }, close),
    );
    this.#element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) {
        event.preventDefault();
        this.close();
      }
    });
    host.element.append(this.#element);
    host.element.toggleAttribute("data-comparing", true);
    this.draw();
    close.focus({ preventScroll: true });
  }

  get isOpen() {
    return this.#element.isConnected;
  }

  /** Draw what the answers are now. */
  draw() {
    if (!this.#columns.every((column) => column.draw())) {
      this.close();
    }
  }

  close() {
    if (this.isOpen) {
      this.#element.remove();
      this.#host.element.removeAttribute("data-comparing");
      this.#host.element.querySelector("[data-compare]")?.focus({ preventScroll: true });
    }
  }
}
