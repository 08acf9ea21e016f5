/** Thumbs: whether an answer helped, why, and in the reader's own words. It can be changed and taken back. */

import { freshId, h, icon } from "../dom.js";
import { postJson } from "../http.js";
import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { makePopover } from "./menu.js";

const LONGEST = 2000;
const PANEL = { width: 320, height: 460, extraClass: "thumb__panel" };

const REASONS = {
  good: [
    ["right", () => gettext("Right and to the point")],
    ["well_sourced", () => gettext("Well supported by its sources")],
  ],
  bad: [
    ["wrong", () => gettext("It is wrong")],
    ["incomplete", () => gettext("Something is missing")],
    ["unsupported", () => gettext("Its sources do not say that")],
    ["wrong_sources", () => gettext("It read the wrong documents")],
    ["outdated", () => gettext("It is out of date")],
    ["unclear", () => gettext("It is hard to understand")],
  ],
};

const VERDICTS = {
  good: { name: "thumb-up", label: () => gettext("Helpful"), ask: () => gettext("What was good about it?") },
  bad: { name: "thumb-down", label: () => gettext("Not helpful"), ask: () => gettext("What was wrong with it?") },
};

function verdictOf(feedback) {
  return feedback ? (feedback.is_good ? "good" : "bad") : "";
}

/** The two thumbs of one answer, each with its panel; `elements` go into the foot. */
export class Feedback {
  elements;
  #answer = null;
  #said = null;
  #buttons = {};
  #panels = {};

  constructor() {
    for (const verdict of ["good", "bad"]) {
      const { name, label } = VERDICTS[verdict];
      const button = h(
        "button",
        { class: "button button--icon button--small thumb", type: "button", title: label(), "aria-label": label(), "aria-pressed": "false", "data-thumb": verdict },
        icon(name, "icon--small"),
      );
      const panel = makePopover(button, label(), () => this.#fill(verdict), PANEL);
      panel.addEventListener("toggle", (event) => event.newState === "open" && this.#opened(verdict));
      this.#buttons[verdict] = button;
      this.#panels[verdict] = panel;
    }
    this.elements = [this.#buttons.good, this.#panels.good, this.#buttons.bad, this.#panels.bad];
  }

  update(answer) {
    const isOther = this.#answer?.feedback !== answer.feedback;
    this.#answer = answer;
    if (isOther) {
      this.#show(answer.feedback ?? null);
    }
  }

  #show(said) {
    this.#said = said;
    for (const [verdict, button] of Object.entries(this.#buttons)) {
      button.setAttribute("aria-pressed", String(verdict === verdictOf(said)));
    }
  }

  // The thumb counts at once; what is in the panel may follow or not.
  #opened(verdict) {
    if (verdictOf(this.#said) !== verdict) {
      this.#send(verdict, "", "");
    }
  }

  #fill(verdict) {
    const isSame = verdictOf(this.#said) === verdict;
    const name = freshId("reason");
    const reasons = REASONS[verdict].map(([value, label]) =>
      h(
        "label",
        { class: "thumb__reason" },
        h("input", { type: "radio", name, value, checked: isSame && this.#said.reason === value }),
        h("span", {}, label()),
      ),
    );
    const comment = h("textarea", {
      class: "thumb__comment",
      rows: 3,
      dir: "auto",
      maxLength: LONGEST,
      value: isSame ? this.#said.comment : "",
      placeholder: gettext("In your own words, if you like"),
      "aria-label": gettext("In your own words"),
    });
    const form = h(
      "form",
      { class: "thumb__form" },
      h("fieldset", { class: "thumb__reasons" }, h("legend", {}, VERDICTS[verdict].ask()), ...reasons),
      comment,
      h("p", { class: "thumb__note" }, gettext("Admins can read this, with your name. They do not see the conversation.")),
      h(
        "div",
        { class: "thumb__foot" },
        h("button", { class: "button button--small button--plain", type: "button", on: { click: () => this.#takeBack(verdict) } }, gettext("Take back")),
        h("button", { class: "button button--small button--primary", type: "submit" }, gettext("Send")),
      ),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const reason = form.querySelector("input:checked")?.value ?? "";
      if (await this.#send(verdict, reason, comment.value)) {
        this.#away(verdict);
        toast(gettext("Thank you. Admins see it."), { kind: "ok" });
      }
    });
    form.querySelector("input, textarea").setAttribute("autofocus", "");
    return [form];
  }

  #away(verdict) {
    this.#panels[verdict].hidePopover();
    this.#buttons[verdict].focus({ preventScroll: true });
  }

  async #takeBack(verdict) {
    if (await this.#send("", "", "")) {
      this.#away(verdict);
    }
  }

  /** Whether the server took it; what it did not take is said, and what was written stays. */
  async #send(verdict, reason, comment) {
    const before = this.#said;
    const data = new FormData();
    data.set("verdict", verdict);
    data.set("reason", reason);
    data.set("comment", comment);
    this.#show(verdict ? { is_good: verdict === "good", reason, comment } : null);
    try {
      const { feedback } = await postJson(`/answers/${this.#answer.id}/feedback`, data);
      this.#show(feedback);
      return true;
    } catch (error) {
      this.#show(before);
      toast(error.message, { kind: "bad" });
      return false;
    }
  }
}
