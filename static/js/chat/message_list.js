/** The messages of the branch that is shown: each is drawn once and kept as long as it stays. */

import { prefersStillness } from "../dom.js";
import { land } from "./landing.js";
import { loadMarkdown } from "./markdown.js";
import { AnswerView } from "./message.js";
import { makeQuestion, QuestionView } from "./question.js";

export class MessageList {
  element;
  #drawer;
  #nearby;
  #notes;
  #working;
  #views = new Map();
  #questions = new Map();
  #shown = [];
  #pending = null;

  /**
   * `working()` gives what the messages call; `drawer` opens what they rest on, `nearby` draws those that are
   * seen first, `notes` places their notes.
   */
  constructor(element, { drawer, nearby, notes, working }) {
    this.element = element;
    this.#drawer = drawer;
    this.#nearby = nearby;
    this.#notes = notes;
    this.#working = working;
  }

  /** The view of a message, or undefined. */
  viewOf(id) {
    return this.#views.get(id) ?? this.#questions.get(id);
  }

  /** The view of the newest message when that is an answer. */
  get newestAnswer() {
    return this.#views.get(this.#shown.at(-1)?.id) ?? null;
  }

  /** Draw everything again, once the Markdown library has come. */
  refresh() {
    this.#views.forEach((view) => view.refresh());
  }

  /** Draw a branch of `shownBranch`, and below it a question that the server has not confirmed. */
  draw(branch, pending) {
    this.#shown = branch.map((one) => one.message);
    this.#drop(new Set(this.#shown.map((message) => message.id)));
    this.#pending?.remove();
    this.#pending = null;
    const isLong = this.#nearby.isLong(branch.length);
    this.element.toggleAttribute("data-long", isLong);
    branch.forEach(({ message, siblings }, order) => {
      const canWait = this.#nearby.canWait(order, branch.length);
      const isQuestion = message.role === "user";
      const element = isQuestion ? this.#drawQuestion(message, siblings) : this.#drawAnswer(message, siblings, canWait);
      if (this.element.children[order] !== element) {
        this.element.insertBefore(element, this.element.children[order] ?? null);
      }
    });
    if (pending) {
      this.#pending = makeQuestion(pending.question, true);
      this.element.append(this.#pending);
    }
    // Below it the list ends, perhaps another than before.
    this.#notes.schedule(this.newestAnswer);
  }

  /** A view of an answer that is not in the list yet, with the options of `AnswerView`. */
  makeView(options = {}) {
    const handlers = {
      ...this.#working().answerHandlers,
      openCitation: (opened, citation) => this.#drawer.openCitation(opened, citation),
      openSources: (opened) => this.#drawer.openSources(opened),
      openSteps: (opened) => this.#drawer.openSteps(opened),
    };
    const view = new AnswerView(handlers, { drawn: (drawn) => options.isBare || this.#notes.schedule(drawn), ...options });
    if (!options.isAsleep) {
      loadMarkdown().then(() => view.refresh());
    }
    return view;
  }

  /** Scroll the last question to the top, where its answer grows below it: nothing that is read ever moves. */
  scrollToLast(softly) {
    const questions = this.element.querySelectorAll(".question");
    const last = questions[questions.length - 1];
    if (questions.length > 1 && softly) {
      last.scrollIntoView({ block: "start", behavior: prefersStillness() ? "instant" : "smooth" });
    } else if (questions.length > 1) {
      land(last, { softly });
    }
  }

  #drop(ids) {
    for (const [id, view] of this.#views) {
      if (!ids.has(id)) {
        view.destroy();
        this.#nearby.forget(view);
        this.#views.delete(id);
      }
    }
    for (const [id, { element }] of this.#questions) {
      if (!ids.has(id)) {
        element.remove();
        this.#questions.delete(id);
      }
    }
  }

  #drawQuestion(message, siblings) {
    if (!this.#questions.has(message.id)) {
      const made = new QuestionView(message, this.#working().questionHandlers);
      this.#questions.set(message.id, made);
      this.#notes.watch(made.element);
    }
    const view = this.#questions.get(message.id);
    view.update(siblings);
    return view.element;
  }

  #drawAnswer(message, siblings, canWait) {
    let view = this.#views.get(message.id);
    if (!view) {
      view = this.makeView({ isAsleep: canWait });
      this.#views.set(message.id, view);
      if (canWait) {
        this.#nearby.watch(view);
      }
    }
    const before = view.answer;
    view.update(message, siblings);
    if (before && (before.citations !== message.citations || before.passages !== message.passages)) {
      this.#drawer.refresh(view);
    }
    return view.element;
  }
}
