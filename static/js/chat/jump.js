/** Going to the message that the page's address names (`#message-ID`), as a search leads there. */

import { land } from "./landing.js";
import { loadMarkdown } from "./markdown.js";
import { shownBranch } from "./store.js";

const POINTED_MS = 2500;

function wantedMessage() {
  return location.hash.match(/^#message-([0-9a-f-]{36})$/)?.[1] ?? null;
}

/** Scroll to a message, mark it for a moment and put the focus there, so that reading goes on from it. */
function pointOut(element) {
  land(element);
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.toggleAttribute("data-pointed", true);
  setTimeout(() => element.removeAttribute("data-pointed"), POINTED_MS);
}

/** Goes there when told, and when the address changes. A message in another branch has that branch shown first. */
export class Jump {
  #thread;
  #waitsFor = null;

  /** `state()`, `draw()`, `show(id)` asks the server for the branch of a message, `element(id)` is what is drawn of one. */
  constructor(thread) {
    this.#thread = thread;
    addEventListener("hashchange", () => this.go());
  }

  /** Go to the message; false when the address names none of this conversation. */
  go() {
    const id = wantedMessage();
    const state = this.#thread.state();
    if (!state.messages.some((message) => message.id === id)) {
      return false;
    }
    if (shownBranch(state).some(({ message }) => message.id === id)) {
      this.#waitsFor = null;
      this.#thread.draw();
      // What is above it gets its height with its Markdown.
      loadMarkdown().then(() => requestAnimationFrame(() => this.#arrive(id)));
    } else {
      this.#waitsFor = id;
      this.#thread.show(id);
    }
    return true;
  }

  /** Another branch is shown: the one that was asked for, perhaps. */
  branchShown() {
    if (this.#waitsFor) {
      this.go();
    }
  }

  #arrive(id) {
    const element = this.#thread.element(id);
    if (element) {
      pointOut(element);
    }
  }
}
