/** What one does with messages that are there: ask in other words, answer again, go on, turn to another branch. */

import { jsonScript } from "../dom.js";
import { gettext } from "../i18n.js";
import { Comparison } from "./compare.js";
import { keepPlace, placeWords } from "./siblings.js";
import { freshRequest } from "./socket.js";
import { newestBelow, siblingsOf } from "./store.js";
import { Suggestions } from "./suggestions.js";

const UNCONFIRMED_MS = 8000;

/**
 * Joins the thread with the views of its messages. `thread` gives: `send(command)` (false when it was not sent),
 * `state()`, `show(leaf)` (draw another branch), `expect(requestId)` (bring the new message into sight), `ask(question)`,
 * `makeView()` (a view without a foot), `list` and `announcer`.
 */
export class Working {
  #thread;
  #waiting = new Map();
  #comparison = null;
  #suggestions;
  #assistants = jsonScript("thread-assistants") ?? [];

  constructor(thread) {
    this.#thread = thread;
    this.#suggestions = new Suggestions((question) => thread.ask(question));
  }

  /** What a view of an answer calls. */
  get answerHandlers() {
    return {
      assistants: this.#assistants,
      retry: (answer) => this.#thread.send({ type: "retry", message_id: answer.id }),
      goOn: (answer) => this.#thread.send({ type: "go_on", message_id: answer.id }),
      regenerate: (answer, slug) =>
        this.#askAgain({ type: "regenerate", message_id: answer.id, assistant: slug }, gettext("The question is answered again.")),
      takeAway: (answer, filter) =>
        this.#askAgain({ type: "unfilter", message_id: answer.id, filter: filter.key }, gettext("The question is asked again, below.")),
      compare: (view) => this.#compare(view),
      turn: (view, id, direction) => this.#turn("answer", view, id, direction),
    };
  }

  /** What a view of a question calls. */
  get questionHandlers() {
    return {
      edit: (message, text) => this.#edit(message, text),
      turn: (view, id, direction) => this.#turn("question", view, id, direction),
    };
  }

  /** Look whether an event answers one of our commands; true for a refusal that is said where it was asked. */
  take(event) {
    const waiting = event.request_id && this.#waiting.get(event.request_id);
    if (!waiting) {
      return false;
    }
    if (event.type === "message.created") {
      waiting.done();
    } else if (event.type === "error") {
      waiting.failed(new Error(event.message));
      return true;
    }
    return false;
  }

  /** Say what changed that a reader would else only see. */
  announce(event) {
    if (event.type === "answer.resumed") {
      const answer = this.#thread.state().messages.find((message) => message.id === event.message_id);
      this.#thread.announcer.skip(event.message_id, answer?.text ?? "");
      this.#thread.announcer.say(gettext("The answer goes on."));
    }
  }

  /** The branch has been drawn; `last` is the view of its last answer, null while something is asked or written. */
  drawn(last) {
    this.#comparison?.isOpen ? this.#comparison.draw() : (this.#comparison = null);
    this.#suggestions.show(last?.answer.status === "complete" ? last : null);
  }

  #turn(kind, view, id, direction) {
    const state = this.#thread.state();
    if (!this.#thread.send({ type: "show", message_id: id })) {
      return;
    }
    const siblings = siblingsOf(state, id);
    // The turn stays under the finger, whatever the length of what is shown.
    const at = [...this.#thread.list.children].indexOf(view.element);
    let shown = view;
    const anchor = () => (shown.element.isConnected ? shown.switcher.element : this.#thread.list.children[at]?.querySelector(".switcher"));
    keepPlace(
      this.#thread.list,
      () => {
        shown = this.#thread.show(newestBelow(state, id), id) ?? view;
      },
      anchor,
    );
    shown.switcher.focus(direction);
    this.#thread.announcer.say(placeWords(kind, id, siblings));
  }

  #askAgain(command, words) {
    const requestId = freshRequest();
    this.#thread.expect(requestId);
    if (this.#thread.send({ ...command, request_id: requestId })) {
      this.#thread.announcer.say(words);
    }
  }

  #edit(message, question) {
    const requestId = freshRequest();
    this.#thread.expect(requestId);
    if (!this.#thread.send({ type: "edit", message_id: message.id, question, request_id: requestId })) {
      return Promise.reject(new Error(gettext("There is no connection. Your words stay here; ask when it is back.")));
    }
    const confirmed = new Promise((done, failed) => {
      this.#waiting.set(requestId, { done, failed });
      setTimeout(() => failed(new Error(gettext("The question did not reach the server. Send it again."))), UNCONFIRMED_MS);
    });
    return confirmed.finally(() => this.#waiting.delete(requestId));
  }

  #compare(view) {
    this.#comparison?.close();
    const keep = (id) => {
      if (id !== view.answer.id) {
        this.#turn("answer", view, id, 1);
      }
    };
    const look = (id) => {
      const state = this.#thread.state();
      return { message: state.messages.find((message) => message.id === id), siblings: siblingsOf(state, id) };
    };
    this.#comparison = new Comparison(view, { look, make: () => this.#thread.makeView(), keep });
    this.#thread.announcer.say(gettext("Two answers stand side by side."));
  }
}
