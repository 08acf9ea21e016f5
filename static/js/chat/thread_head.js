/** The line above a conversation: its title and its menu, as they are after changes here, in the sidebar or elsewhere. */

import { gettext, interpolate } from "../i18n.js";
import { toast } from "../toasts.js";
import { onChange, tell } from "./changes.js";
import { redraw, retitleConversation } from "./conversations.js";

/** The head of a thread's page. */
export class ThreadHead {
  #element;
  #title;

  constructor(element) {
    this.#element = element;
    this.#title = element.querySelector("[data-thread-title]");
    onChange((change) => {
      if (change.id && change.id === this.#element.dataset.conversation) {
        this.#changed(change);
      }
    });
  }

  /** A conversation has begun: it is the newest of the sidebar. */
  began(conversation) {
    this.show(conversation);
    tell({ id: conversation.id });
  }

  /** Show what the conversation is called, here and in the sidebar; with it comes what one can do with it. */
  show({ id, title }) {
    this.#element.dataset.conversation = id;
    this.#element.dataset.title = title;
    this.#title.textContent = title;
    for (const hidden of this.#element.querySelectorAll("[data-with-conversation]")) {
      hidden.hidden = false;
    }
    document.title = interpolate(gettext("%(title)s · Footnote"), { title });
    retitleConversation(id, title);
  }

  /** A question was asked: the conversation is the newest now, and back from the archive. */
  asked() {
    this.#archived(false);
    redraw();
  }

  #changed({ title, pinned, archived, folder, deleted, isFromHere }) {
    const { dataset } = this.#element;
    if (title !== undefined) {
      this.show({ id: dataset.conversation, title });
    }
    if (pinned !== undefined) {
      this.#element.toggleAttribute("data-pinned", pinned);
    }
    if (archived !== undefined) {
      this.#archived(archived);
    }
    if (folder !== undefined) {
      dataset.folderId = folder;
    }
    if (deleted && !isFromHere) {
      this.#element.closest("footnote-thread").toggleAttribute("inert", true);
      const words = gettext("This conversation was deleted on another page.");
      toast(words, { kind: "warn", action: { label: gettext("New chat"), run: () => document.querySelector("[data-new-chat]").click() } });
    }
  }

  #archived(isArchived) {
    this.#element.toggleAttribute("data-archived", isArchived);
    this.#element.querySelector("[data-archived-badge]").hidden = !isArchived;
  }
}
