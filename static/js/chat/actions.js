/** The foot of an answer: what can be done with it, in icons with names; on a phone most of them in a menu. */

import { h, icon } from "../dom.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { COPIES, copyAnswer, lastCopy } from "./copying.js";
import { Feedback } from "./feedback.js";
import { makeMenu } from "./menu.js";
import { Switcher } from "./siblings.js";
import { canSpeak, onVoices, ReadAloud } from "./speech.js";

function iconButton(name, label, click, extra = {}) {
  return h(
    "button",
    { class: "button button--icon button--small", type: "button", title: label, "aria-label": label, ...extra, on: click ? { click } : {} },
    icon(name, "icon--small"),
  );
}

function textButton(name, label, click, extra = {}) {
  return h("button", { class: "button button--plain button--small", type: "button", ...extra, on: { click } }, icon(name, "icon--small"), label);
}

/**
 * The foot of `view`. `handlers`: {retry, regenerate(answer, slug), compare(view), turn(view, id, direction),
 * openSources(view), openSteps(view), assistants: [{slug, name}]}; `text` is the element of the answer's text.
 */
export class Actions {
  element = h("footer", { class: "answer__foot" });
  switcher;
  #view;
  #handlers;
  #text;
  #answer = null;
  #feedback;
  #speaker;
  #read;
  #compare;
  #isBranched = false;

  constructor(view, text, handlers) {
    this.#view = view;
    this.#text = text;
    this.#handlers = handlers;
    this.switcher = new Switcher("answer", (id, direction) => handlers.turn(view, id, direction));
    this.#feedback = new Feedback();
    this.#speaker = new ReadAloud(text, () => this.#drawReading());
    this.#read = iconButton("speaker", gettext("Read aloud"), () => this.#speaker.toggle(), { "data-wide": true, "data-read-aloud": true });
    this.#compare = iconButton("columns", gettext("Compare side by side"), () => handlers.compare(view), { "data-wide": true, "data-compare": true });
    onVoices(() => this.#drawReading());
  }

  /** Draw for `answer`, one of these siblings. */
  update(answer, siblings) {
    const before = this.#answer;
    this.#answer = answer;
    this.#isBranched = siblings.length > 1;
    this.switcher.update(answer.id, siblings);
    this.#compare.hidden = !this.#isBranched;
    this.#feedback.update(answer);
    if (before?.status !== answer.status || before.passages !== answer.passages || before.stats !== answer.stats) {
      this.#build();
    }
  }

  /** Read no more; the answer is taken from the page. */
  destroy() {
    this.#speaker.stop();
  }

  #build() {
    const answer = this.#answer;
    this.#speaker.stop();
    if (answer.status === "running") {
      this.element.replaceChildren(this.switcher.element);
      return;
    }
    this.element.replaceChildren(
      ...[
        ...this.#leading(answer),
        answer.text ? this.#copying() : null,
        this.#again(),
        ...this.#feedback.elements,
        answer.text ? this.#read : null,
        this.#compare,
        ...this.#more(),
        this.switcher.element,
      ].filter(Boolean),
    );
    this.#drawReading();
  }

  #leading({ stats, status }) {
    const sources = stats?.documents ?? 0;
    const words = interpolate(ngettext("%(n)s source", "%(n)s sources", sources), { n: formatNumber(sources) });
    return [
      sources ? textButton("document", words, () => this.#handlers.openSources(this.#view)) : null,
      textButton("steps", gettext("Steps"), () => this.#openSteps(), { "data-wide": true }),
      status === "refused" ? textButton("retry", gettext("Try again"), () => this.#handlers.retry(this.#answer)) : null,
    ];
  }

  #openSteps() {
    this.#handlers.openSteps(this.#view);
  }

  #copy(way) {
    copyAnswer(way, this.#answer, this.#text);
  }

  #copying() {
    const choose = iconButton("chevron-down", gettext("Ways to copy"), null, { class: "button button--icon button--small split__more", "data-wide": true });
    return h(
      "div",
      { class: "split" },
      iconButton("copy", gettext("Copy"), () => this.#copy(lastCopy()), { "data-copy-answer": true }),
      choose,
      makeMenu(choose, gettext("Ways to copy"), () => this.#copyItems()),
    );
  }

  #copyItems() {
    const last = lastCopy();
    return Object.entries(COPIES).map(([way, { label }]) => ({
      icon: "copy",
      label: interpolate(gettext("Copy: %(way)s"), { way: label() }),
      isChosen: way === last,
      run: () => this.#copy(way),
    }));
  }

  #againItems() {
    const { assistants } = this.#handlers;
    const own = this.#answer.assistant?.slug;
    const others = assistants.filter((assistant) => assistant.slug !== own);
    return [
      { icon: "retry", label: gettext("Answer again"), run: () => this.#handlers.regenerate(this.#answer, own ?? null) },
      ...others.map((assistant) => ({
        icon: "assistant",
        label: interpolate(gettext("Answer again with %(name)s"), { name: assistant.name }),
        run: () => this.#handlers.regenerate(this.#answer, assistant.slug),
      })),
    ];
  }

  #again() {
    if (this.#againItems().length < 2) {
      const click = () => this.#againItems()[0].run();
      return iconButton("retry", gettext("Answer again"), click, { "data-wide": true, "data-again": true });
    }
    const label = gettext("Answer again, also with another assistant");
    const button = iconButton("retry", label, null, { "data-wide": true, "data-again": true });
    return h("div", { class: "split", "data-wide": true }, button, makeMenu(button, label, () => this.#againItems()));
  }

  #more() {
    const button = iconButton("more", gettext("More"), null, { "data-narrow": true, "data-more": true });
    const items = () => [
      { icon: "steps", label: gettext("Steps"), run: () => this.#openSteps() },
      ...this.#againItems(),
      this.#isBranched && { icon: "columns", label: gettext("Compare side by side"), run: () => this.#handlers.compare(this.#view) },
      this.#answer.text && canSpeak() && { icon: "speaker", label: this.#speaker.words, run: () => this.#speaker.toggle() },
      ...(this.#answer.text ? this.#copyItems() : []),
    ];
    return [button, makeMenu(button, gettext("More"), items)];
  }

  #drawReading() {
    this.#read.hidden = !canSpeak();
    this.#read.setAttribute("aria-pressed", String(this.#speaker.isSpeaking));
    this.#read.title = this.#speaker.words;
    this.#read.setAttribute("aria-label", this.#speaker.words);
    this.element.toggleAttribute("data-reading", this.#speaker.isSpeaking);
  }
}
