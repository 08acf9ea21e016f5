/**
 * <footnote-shared>: a conversation that somebody shared, to be read alone. Its messages are in `#shared-thread`; there
 * is no socket, as nothing changes.
 */

import { h, icon, jsonScript } from "../dom.js";
import { gettext } from "../i18n.js";
import { withLength } from "./answer.js";
import { Drawer } from "./drawer.js";
import { loadMarkdown } from "./markdown.js";
import { AnswerView } from "./message.js";
import { NoteLayout } from "./notes.js";
import { makeQuestion } from "./question.js";

class FootnoteShared extends HTMLElement {
  #views = [];

  connectedCallback() {
    const { messages, withheld } = jsonScript("shared-thread");
    const list = this.querySelector("[data-messages]");
    const drawer = new Drawer(this.querySelector("[data-drawer]"));
    this.querySelector('[data-drawer-tab="steps"]').hidden = true;
    const hidden = new Set(withheld);
    const notes = new NoteLayout(list);
    for (const message of messages) {
      if (message.role === "user") {
        const question = makeQuestion(message.text, false, message.filters, message.scope);
        list.append(question);
        notes.watch(question);
      } else {
        list.append(this.#makeAnswer(message, drawer, notes).element);
        if (hidden.has(message.id)) {
          list.lastElementChild.prepend(makeNotice());
        }
      }
    }
    loadMarkdown().then(() => this.#views.forEach((view) => view.refresh()));
  }

  #makeAnswer(message, drawer, notes) {
    const handlers = { openCitation: (opened, citation) => drawer.openCitation(opened, citation) };
    const view = new AnswerView(handlers, { isBare: true, drawn: (drawn) => notes.schedule(drawn) });
    view.update(withLength(message));
    this.#views.push(view);
    return view;
  }
}

function makeNotice() {
  const words = gettext("Part of this answer is not shown: it may rest on a document that you may not see, or that is gone.");
  return h("div", { class: "notice shared__withheld" }, icon("info"), h("div", { class: "notice__body" }, h("p", {}, words)));
}

customElements.define("footnote-shared", FootnoteShared);
