/** What goes with a question: who answers it, and what it is narrowed to. A chip for each, which can be taken out. */

import { h, icon } from "../../dom.js";
import { gettext, interpolate } from "../../i18n.js";

const ICONS = { assistant: "assistant", document: "document", source: "source", file: "clip" };

/**
 * A chip: {kind, name} with a button that calls `remove`. `state` says more than the name, `problem` is a sentence, and
 * `share` (0 to 1, or null where nothing can be counted) draws how far it is.
 */
export function makeChip({ kind, name }, { label, remove, state = "", problem = "", share }) {
  const isUnderWay = share !== undefined;
  return h(
    "li",
    { class: `composer-chip${problem ? " composer-chip--bad" : ""}`, "data-kind": kind, title: problem || name },
    icon(problem ? "alert" : ICONS[kind], "icon--small"),
    h("span", { class: "composer-chip__name", dir: "auto" }, name),
    state ? h("span", { class: "composer-chip__state number" }, state) : null,
    isUnderWay ? h("progress", { class: "progress composer-chip__progress", "aria-label": state || name, max: 1, value: share }) : null,
    h("button", { class: "composer-chip__remove", type: "button", "aria-label": label, title: label, on: { click: remove } }, icon("close", "icon--small")),
  );
}

/** The chosen assistant and scope. Events: `change`, `full`. */
export class Chosen extends EventTarget {
  #most;
  #assistant = null;
  #scope = [];

  constructor(most) {
    super();
    this.#most = most;
  }

  /** The assistant as {id, name}, or null. */
  get assistant() {
    return this.#assistant;
  }

  /** What the question is narrowed to: a list of {kind, id, name}. */
  get scope() {
    return this.#scope;
  }

  /** The scope as the server takes it, or null. */
  get command() {
    const ids = (kind) => this.#scope.filter((item) => item.kind === kind).map((item) => item.id);
    return this.#scope.length ? { documents: ids("document"), sources: ids("source") } : null;
  }

  /** Choose an item of the menu. */
  take({ kind, id, name }) {
    if (kind === "assistant") {
      this.#assistant = { id, name };
    } else if (this.#scope.some((item) => item.id === id)) {
      return;
    } else if (this.#scope.length >= this.#most) {
      this.dispatchEvent(new Event("full"));
      return;
    } else {
      this.#scope = [...this.#scope, { kind, id, name }];
    }
    this.#changed();
  }

  set(assistant, scope) {
    this.#assistant = assistant ?? null;
    this.#scope = (scope ?? []).slice(0, this.#most);
    this.#changed();
  }

  /** Chips of all that is chosen. */
  chips() {
    const assistant = this.#assistant;
    return [
      assistant &&
        makeChip(
          { kind: "assistant", name: assistant.name },
          {
            label: interpolate(gettext("Do not ask %(name)s"), { name: assistant.name }),
            remove: () => this.set(null, this.#scope),
          },
        ),
      ...this.#scope.map((item) =>
        makeChip(item, {
          label: interpolate(gettext("Do not narrow the question to %(name)s"), { name: item.name }),
          remove: () => this.set(assistant, this.#scope.filter((one) => one !== item)),
        }),
      ),
    ].filter(Boolean);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
