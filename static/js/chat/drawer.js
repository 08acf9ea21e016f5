/** The drawer beside an answer: its sources, and the steps that led to it. A sheet from below on a phone. */

import { getText } from "../http.js";
import { gettext } from "../i18n.js";
import { h } from "../dom.js";
import { choosePassage, makeSources } from "./sources.js";

const phone = matchMedia("(max-width: 899.98px)");

/** Drives the <dialog> of the template. */
export class Drawer {
  #dialog;
  #sources;
  #steps;
  #shown = null;
  #opener = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#sources = dialog.querySelector("[data-drawer-sources]");
    this.#steps = dialog.querySelector("[data-drawer-steps]");
    dialog.querySelector("[data-drawer-close]").addEventListener("click", () => this.close());
    dialog.addEventListener("close", () => this.#closed());
    document.addEventListener("keydown", (event) => {
      // A modal dialog closes by itself; beside the page it is ours to do.
      if (event.key === "Escape" && !event.shiftKey && !event.defaultPrevented && dialog.open && !dialog.matches(":modal")) {
        event.preventDefault();
        this.close();
      }
    });
    for (const tab of dialog.querySelectorAll("[role=tab]")) {
      tab.addEventListener("click", () => this.#fill(tab.dataset.drawerTab));
    }
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** Show the passages of `view`'s answer; with a citation, at its words. */
  openSources(view, citation) {
    this.#open(view);
    this.#select("sources");
    const list = this.#sources.firstElementChild;
    if (list) {
      choosePassage(list, citation);
    }
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

  close() {
    this.#dialog.close();
  }

  #open(view) {
    if (!this.#dialog.open) {
      this.#opener = document.activeElement;
      if (phone.matches) {
        this.#dialog.showModal();
      } else {
        this.#dialog.show();
      }
      document.documentElement.toggleAttribute("data-drawer", true);
    }
    if (this.#shown !== view) {
      this.#shown = view;
      this.#steps.replaceChildren();
      this.#drawSources();
    }
  }

  #closed() {
    document.documentElement.removeAttribute("data-drawer");
    this.#shown = null;
    if (this.#opener?.isConnected) {
      this.#opener.focus({ preventScroll: true });
    }
    this.#opener = null;
  }

  #drawSources() {
    this.#sources.replaceChildren(makeSources(this.#shown.answer));
  }

  #select(name) {
    this.#dialog.querySelector(`[data-drawer-tab="${name}"]`).click();
  }

  async #fill(name) {
    if (name !== "steps" || this.#steps.childElementCount || !this.#shown) {
      return;
    }
    const view = this.#shown;
    const url = this.#dialog.dataset.traceUrl.replace(/0{8}-0{4}-0{4}-0{4}-0{12}/, view.answer.id);
    this.#steps.replaceChildren(h("p", { class: "soft" }, h("span", { class: "spinner", "aria-hidden": "true" }), ` ${gettext("Loading the steps")}`));
    let content;
    try {
      const html = await getText(url);
      content = document.createRange().createContextualFragment(html);
    } catch (error) {
      content = h("p", { class: "notice notice--bad" }, error.message);
    }
    if (this.#shown === view) {
      this.#steps.replaceChildren(content);
    }
  }
}
