/** Branches: the turn between messages that reply to the same one, and the reader's place while the page turns. */

import { h, icon } from "../dom.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";

const WORDS = {
  question: {
    group: () => gettext("Question %(n)s of %(all)s"),
    back: () => gettext("The question as it was asked before"),
    on: () => gettext("The question as it was asked next"),
  },
  answer: {
    group: () => gettext("Answer %(n)s of %(all)s"),
    back: () => gettext("The answer before"),
    on: () => gettext("The next answer"),
  },
};

/** Which of its siblings a message is, in words: "Answer 2 of 3". */
export function placeWords(kind, id, siblings) {
  return interpolate(WORDS[kind].group(), { n: formatNumber(siblings.indexOf(id) + 1), all: formatNumber(siblings.length) });
}

/** "‹ 2 / 3 ›". `turn(id, direction)` is called with the sibling to show; arrow keys turn too. */
export class Switcher {
  element;
  #kind;
  #turn;
  #id = null;
  #siblings = [];
  #count = h("span", { class: "switcher__count number", "aria-hidden": "true" });
  #back;
  #on;

  constructor(kind, turn) {
    this.#kind = kind;
    this.#turn = turn;
    this.#back = this.#button(-1, "chevron-back", WORDS[kind].back());
    this.#on = this.#button(1, "chevron-forward", WORDS[kind].on());
    this.element = h("div", { class: "switcher", role: "group", hidden: true }, this.#back, this.#count, this.#on);
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  update(id, siblings) {
    this.#id = id;
    this.#siblings = siblings;
    this.element.hidden = siblings.length < 2;
    const at = siblings.indexOf(id);
    this.element.setAttribute("aria-label", placeWords(this.#kind, id, siblings));
    this.#count.textContent = `${formatNumber(at + 1)} / ${formatNumber(siblings.length)}`;
    // Not `disabled`: the focus stays where the reader turns.
    this.#back.setAttribute("aria-disabled", String(at <= 0));
    this.#on.setAttribute("aria-disabled", String(at >= siblings.length - 1));
  }

  /** Put the focus on the button of a direction, -1 or 1. */
  focus(direction) {
    (direction < 0 ? this.#back : this.#on).focus({ preventScroll: true });
  }

  #button(direction, name, label) {
    return h(
      "button",
      {
        class: "button button--icon button--small",
        type: "button",
        title: label,
        "aria-label": label,
        "data-turn": direction,
        on: { click: () => this.#go(direction) },
      },
      icon(name, "icon--small icon--directional"),
    );
  }

  #go(direction) {
    const next = this.#siblings[this.#siblings.indexOf(this.#id) + direction];
    if (next) {
      this.#turn(next, direction);
    }
  }

  #pressed(event) {
    const isRtl = getComputedStyle(this.element).direction === "rtl";
    const direction = { ArrowLeft: isRtl ? 1 : -1, ArrowRight: isRtl ? -1 : 1 }[event.key];
    if (direction && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.#go(direction);
    }
  }
}

/** Redraw with `draw()` while what the reader looks at stays where it is. `anchor` gives the element to hold on to, before
 * and after; by default the first message that is seen, or the one in its place. */
export function keepPlace(list, draw, anchor = null) {
  const messages = [...list.children];
  const at = messages.findIndex((message) => message.getBoundingClientRect().bottom > 0);
  const seen = messages[at];
  const held = anchor ?? (() => (seen?.isConnected ? seen : list.children[Math.min(at, list.children.length - 1)]));
  const before = held()?.getBoundingClientRect().top;
  draw();
  const after = held()?.getBoundingClientRect().top;
  if (before !== undefined && after !== undefined && Math.abs(after - before) >= 1) {
    scrollBy({ top: after - before, behavior: "instant" });
  }
}
