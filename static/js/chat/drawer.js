/** The drawer beside an answer: its sources, a cited document at its span, the steps. A sheet from below on a phone. */

import { h } from "../dom.js";
import { getText } from "../http.js";
import { gettext } from "../i18n.js";
import { fetchExcerpt, loadDocumentStyles } from "./excerpt.js";
import { documentUrl, pathWords } from "./places.js";
import { choosePassage, makeSources } from "./sources.js";

const phone = matchMedia("(max-width: 899.98px)");
const ABOVE_PX = 220;
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
  #excerpt = null;
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
    this.#leaveDocument();
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
      this.#leaveDocument();
      this.#steps.replaceChildren();
      this.#drawSources();
    }
  }

  #leaveDocument() {
    this.#excerpt?.close();
    this.#excerpt = null;
    this.#document.replaceChildren();
  }

  #closed() {
    this.#shown = null;
    this.#leaveDocument();
    if (this.#opener?.isConnected) {
      this.#opener.focus({ preventScroll: true });
    }
    this.#opener = null;
  }

  async #drawSources() {
    const view = this.#shown;
    let { passages } = view;
    if (!passages) {
      this.#sources.replaceChildren(waiting(gettext("Loading the passages")));
      try {
        passages = await view.fetchPassages();
      } catch (error) {
        this.#sources.replaceChildren(h("p", { class: "notice notice--bad" }, error.message));
        return;
      }
    }
    if (this.#shown === view) {
      this.#sources.replaceChildren(makeSources({ passages, citations: view.answer.citations }));
      choosePassage(this.#sources, this.#citation, !this.#sources.hidden);
    }
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

  #pathTo(citation) {
    const passage = this.#shown.passages?.find((one) => one.rank === citation.passage_rank);
    return pathWords({ ...citation, source: passage?.source, heading: passage?.heading });
  }

  #documentHead(citation) {
    return h(
      "div",
      { class: "excerpt__head" },
      h("h3", { class: "excerpt__title", dir: "auto" }, this.#pathTo(citation)),
      h("a", { class: "button button--small", href: documentUrl(citation) }, gettext("Open the document")),
    );
  }

  #viewChoice(citation, asText) {
    const choice = (words, isText) =>
      h("button", { type: "button", "aria-pressed": String(isText === asText), on: { click: () => this.#fillDocument(citation, isText) } }, words);
    return h("div", { class: "segments" }, choice(gettext("Page"), false), choice(gettext("Text"), true));
  }

  async #fillDocument(citation, asText = false) {
    this.#leaveDocument();
    const head = this.#documentHead(citation);
    this.#document.replaceChildren(head, waiting(gettext("Loading the document")));
    loadDocumentStyles(this.#dialog.dataset.documentStyles);
    let excerpt = null;
    let content = h("p", { class: "soft" }, gettext("This document has no text to show here."));
    try {
      excerpt = await fetchExcerpt(citation, asText);
      content = excerpt?.element ?? content;
    } catch (error) {
      content = h("p", { class: "notice notice--bad" }, error.message);
    }
    if (this.#citation !== citation || !this.#dialog.open || !head.isConnected) {
      excerpt?.close();
      return;
    }
    this.#excerpt = excerpt;
    // The passages may have come meanwhile, which know the source and the heading.
    head.querySelector("h3").textContent = this.#pathTo(citation);
    if (excerpt?.isPaged) {
      head.append(this.#viewChoice(citation, asText));
    }
    this.#document.replaceChildren(head, content);
    excerpt?.shown();
    const mark = content.querySelector("[data-span]");
    // Within the panel only: the page behind it stays where it is.
    this.#document.scrollTop += (mark?.getBoundingClientRect().top ?? 0) - this.#document.getBoundingClientRect().top - ABOVE_PX;
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
