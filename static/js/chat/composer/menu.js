/** The menu that completes what is being written: prompts after "/", documents after "#", assistants after "@". */

import { freshId, h, icon } from "../../dom.js";
import { getJson } from "../../http.js";
import { formatNumber, gettext, interpolate, ngettext } from "../../i18n.js";
import { tokenAt } from "./token.js";

const WAIT_MS = 120;
const TIMEOUT_MS = 8000;

const ICONS = { prompt: "bookmark", document: "document", source: "source", assistant: "assistant" };
const LABELS = {
  prompts: () => gettext("Prompts"),
  documents: () => gettext("Documents and data sources"),
  assistants: () => gettext("Assistants"),
};
const NOTHING = {
  prompts: () => gettext("No prompt is called that."),
  documents: () => gettext("No document that you can ask about is called that."),
  assistants: () => gettext("No assistant is called that."),
};

/**
 * A listbox that the question box steers: the focus stays where one writes. Events: `take` (detail {item, token}), and
 * `pass` for an Enter that was quicker than the server and turns out to have nothing to take.
 *
 * `address(kind, query)` says where the server tells what there is.
 */
export class Menu extends EventTarget {
  #input;
  #element;
  #list;
  #status;
  #address;
  #token = null;
  #items = [];
  /** The token that the items are for; what is written since has others. */
  #shown = null;
  /** The key by which the first of what comes is to be taken: somebody was quicker than the answer. */
  #due = "";
  #isAsking = false;
  #chosen = 0;
  #timer = 0;
  #asked = null;
  /** Where a token began whose menu was closed by hand. */
  #dismissed = -1;
  /** The sign and the query after which nothing was found: what goes on from there finds nothing either. */
  #barren = null;

  constructor(input, element, address) {
    super();
    this.#input = input;
    this.#element = element;
    this.#address = address;
    this.#list = element.querySelector("[role=listbox]");
    this.#status = element.parentElement.querySelector("[data-completion-status]");
    for (const name of ["input", "click", "compositionend"]) {
      input.addEventListener(name, () => this.#look());
    }
    input.addEventListener("keyup", (event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && this.#look());
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("blur", () => this.close());
    // A press on the menu leaves the focus, and with it the menu, where it is.
    element.addEventListener("pointerdown", (event) => event.preventDefault());
    element.addEventListener("mousedown", (event) => event.preventDefault());
    element.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) {
        this.#take(Number(option.dataset.place));
      }
    });
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  close() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = null;
    this.#token = null;
    this.#items = [];
    this.#shown = null;
    this.#due = "";
    this.#isAsking = false;
    this.#element.hidden = true;
    this.#status.textContent = "";
    for (const name of ["aria-controls", "aria-activedescendant", "aria-haspopup"]) {
      this.#input.removeAttribute(name);
    }
  }

  #look() {
    const { selectionStart, selectionEnd, value } = this.#input;
    const token = selectionStart === selectionEnd ? tokenAt(value, selectionStart) : null;
    if (!token) {
      this.#dismissed = -1;
      this.#barren = null;
      this.close();
      return;
    }
    const isKnown = isSame(this.#token, token);
    this.#token = isKnown || token.start !== this.#dismissed ? token : null;
    if (isKnown) {
      return;
    }
    if (!this.#token) {
      this.close();
      return;
    }
    const barren = this.#barren;
    if (barren && barren.sign === token.sign && token.query !== barren.query && token.query.startsWith(barren.query)) {
      this.close();
      return;
    }
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#due = "";
    this.#isAsking = true;
    // The sign alone opens at once.
    this.#timer = setTimeout(() => this.#ask(token), token.query ? WAIT_MS : 0);
  }

  async #ask(token) {
    const asked = new AbortController();
    this.#asked = asked;
    let items;
    try {
      ({ items } = await getJson(this.#address(token.kind, token.query), TIMEOUT_MS, { signal: asked.signal }));
    } catch {
      // Without a server there is nothing to offer, and the text stays what it is.
      items = null;
    }
    if (asked.signal.aborted || this.#token?.start !== token.start) {
      return;
    }
    this.#isAsking = false;
    this.#barren = items && !items.length ? token : null;
    const isPassed = this.#due === "Enter" && !items?.length;
    if (isPassed || items === null) {
      this.close();
      if (isPassed) {
        this.dispatchEvent(new CustomEvent("pass"));
      }
      return;
    }
    this.#show(token, items);
  }

  #show(token, items) {
    this.#items = items;
    this.#shown = token;
    this.#chosen = 0;
    this.#list.setAttribute("aria-label", LABELS[token.kind]());
    this.#list.hidden = !items.length;
    this.#list.replaceChildren(...items.map((item, place) => makeOption(item, place)));
    this.#element.querySelector("[data-completion-nothing]").hidden = items.length > 0;
    this.#element.querySelector("[data-completion-nothing]").textContent = NOTHING[token.kind]();
    this.#element.querySelector("[data-completion-manage]").hidden = token.kind !== "prompts";
    this.#element.hidden = false;
    this.#list.scrollTop = 0;
    this.#status.textContent = items.length ? foundWords(items.length) : NOTHING[token.kind]();
    this.#input.setAttribute("aria-haspopup", "listbox");
    this.#input.setAttribute("aria-controls", this.#list.id);
    this.#choose(0);
    if (this.#due && items.length) {
      this.#take(0);
    }
    this.#due = "";
  }

  #choose(place) {
    const options = [...this.#list.children];
    if (!options.length) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    this.#chosen = (place + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === this.#chosen)));
    options[this.#chosen].scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", options[this.#chosen].id);
  }

  #pressed(event) {
    // While an input method is at work, its keys are its own.
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (!this.isOpen) {
      if (this.#isAsking && plain && event.key === "Enter") {
        this.#due = event.key;
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      return;
    }
    const deeds = {
      ArrowDown: () => this.#choose(this.#chosen + 1),
      ArrowUp: () => this.#choose(this.#chosen - 1),
      Enter: () => this.#takeChosen(event.key),
      Tab: () => this.#takeChosen(event.key),
    };
    if (event.key === "Escape" && plain) {
      this.#dismissed = this.#token?.start ?? -1;
      this.close();
    } else if (plain && deeds[event.key] && this.#items.length) {
      deeds[event.key]();
    } else {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  #takeChosen(key) {
    if (isSame(this.#shown, this.#token)) {
      this.#take(this.#chosen);
    } else {
      this.#due = key;
    }
  }

  #take(place) {
    const item = this.#items[place];
    const token = this.#token;
    this.close();
    if (item && token) {
      this.dispatchEvent(new CustomEvent("take", { detail: { item, token } }));
    }
  }
}

function isSame(one, other) {
  return one?.sign === other?.sign && one?.query === other?.query && one?.start === other?.start;
}

function makeOption(item, place) {
  return h(
    "li",
    { class: "completion__option", role: "option", id: freshId("completion"), "aria-selected": "false", "data-place": String(place) },
    icon(ICONS[item.kind], "icon--small"),
    h("span", { class: "completion__name", dir: "auto" }, item.name),
    h("span", { class: "completion__detail", dir: "auto" }, item.detail),
  );
}

function foundWords(count) {
  const words = ngettext("%(n)s is offered. Enter takes it.", "%(n)s are offered. The arrow keys choose, Enter takes.", count);
  return interpolate(words, { n: formatNumber(count) });
}
