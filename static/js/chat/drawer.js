/** The drawer beside an answer: its sources, a cited document at its span, the steps. A sheet from below on a phone. */

import { h } from "../dom.js";
import { getText } from "../http.js";
import { gettext } from "../i18n.js";
import { fetchExcerpt, loadDocumentStyles } from "./excerpt.js";
import { documentUrl, pageWords } from "./places.js";
import { choosePassage, makeSources } from "./sources.js";

const phone = matchMedia("(max-width: 899.98px)");
const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;

function waiting(words) {
  return h("p", { class: "soft drawer__waiting" }, h("span", { class: "spinner", "aria-hidden": "true" }), h("span", {}, words));
}

/** Drives the <dialog> of the template. */
export class Drawer {
  #dialog;
  #sources;
  #document;
  #steps;
  #shown = null;
  #citation = null;
  #opener = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#sources = dialog.querySelector("[data-drawer-sources]");
    this.#document = dialog.querySelector("[data-drawer-document]");
    this.#steps = dialog.querySelector("[data-drawer-steps]");
    dialog.querySelector("[data-drawer-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#closed());
    document.addEventListener("keydown", (event) => {
      // A modal dialog closes by itself; beside the page it is ours to do.
      if (event.key === "Escape" && !event.shiftKey && !event.defaultPrevented && dialog.open && !dialog.matches(":modal")) {
        event.preventDefault();
        dialog.close();
      }
    });
    for (const tab of dialog.querySelectorAll("[role=tab]")) {
      tab.addEventListener("click", () => this.#fill(tab.dataset.drawerTab));
    }
    this.#sources.addEventListener("click", (event) => this.#sourceClicked(event));
  }

  /** Show the passages of `view`'s answer. */
  openSources(view) {
    this.#open(view);
    this.#select("sources");
  }

  /** Show the document that `citation` of `view`'s answer points to, at the cited words. */
  openCitation(view, citation) {
    this.#open(view);
    this.#citation = citation;
    choosePassage(this.#sources, citation);
    this.#document.replaceChildren();
    this.#select("document");
  }

  /** Show the steps of `view`'s answer. */
  openSteps(view) {
    this.#open(view);
    this.#select("steps");
  }

  /** The answer changed; show what it is now, if it is the one in the drawer. */
  refresh(view) {
    if (this.#dialog.open && this.#shown === view) {
      this.#drawSources();
    }
  }

  #tab(name) {
    return this.#dialog.querySelector(`[data-drawer-tab="${name}"]`);
  }

  #select(name) {
    this.#tab("document").hidden = this.#citation === null;
    this.#tab(name).click();
  }

  #open(view) {
    if (!this.#dialog.open) {
      this.#opener = document.activeElement;
      if (phone.matches) {
        this.#dialog.showModal();
      } else {
        this.#dialog.show();
      }
    }
    if (this.#shown !== view) {
      this.#shown = view;
      this.#citation = null;
      this.#document.replaceChildren();
      this.#steps.replaceChildren();
      this.#drawSources();
    }
  }

  #closed() {
    this.#shown = null;
    if (this.#opener?.isConnected) {
      this.#opener.focus({ preventScroll: true });
    }
    this.#opener = null;
  }

  #drawSources() {
    this.#sources.replaceChildren(makeSources(this.#shown.answer));
    choosePassage(this.#sources, this.#citation, false);
  }

  #sourceClicked(event) {
    const mark = event.target.closest("mark[data-number]");
    const citation = mark && this.#shown.answer.citations.find((one) => one.number === Number(mark.dataset.number));
    if (citation?.document_id) {
      this.openCitation(this.#shown, citation);
    }
  }

  async #fill(name) {
    if (name === "sources" && this.#citation) {
      choosePassage(this.#sources, this.#citation);
    } else if (name === "document" && this.#citation && !this.#document.childElementCount) {
      await this.#fillDocument(this.#citation);
    } else if (name === "steps" && this.#shown && !this.#steps.childElementCount) {
      await this.#fillSteps(this.#shown);
    }
  }

  async #fillDocument(citation) {
    const page = pageWords(citation.page);
    const head = h(
      "div",
      { class: "excerpt__head" },
      h("h3", { class: "excerpt__title", dir: "auto" }, citation.title || citation.filename),
      page ? h("span", { class: "soft small" }, page) : null,
      h("a", { class: "button button--small", href: documentUrl(citation) }, gettext("Open the document")),
    );
    this.#document.replaceChildren(head, waiting(gettext("Loading the document")));
    loadDocumentStyles(this.#dialog.dataset.documentStyles);
    let content;
    try {
      content = await fetchExcerpt(citation);
      content ??= h("p", { class: "soft" }, gettext("This document has no text to show here."));
    } catch (error) {
      content = h("p", { class: "notice notice--bad" }, error.message);
    }
    if (this.#citation === citation) {
      this.#document.replaceChildren(head, content);
      const mark = content.querySelector("[data-span]");
      // Within the panel only: the page behind it stays where it is.
      this.#document.scrollTop += (mark?.getBoundingClientRect().top ?? 0) - this.#document.getBoundingClientRect().top - 120;
    }
  }

  async #fillSteps(view) {
    this.#steps.replaceChildren(waiting(gettext("Loading the steps")));
    let content;
    try {
      const html = await getText(this.#dialog.dataset.traceUrl.replace(NIL, view.answer.id));
      content = document.createRange().createContextualFragment(html);
    } catch (error) {
      content = h("p", { class: "notice notice--bad" }, error.message);
    }
    if (this.#shown === view) {
      this.#steps.replaceChildren(content);
    }
  }
}
