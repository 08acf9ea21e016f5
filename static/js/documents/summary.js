/** A document's summary, fetched at a click and put above its text. */

import { getText } from "../http.js";
import { toast } from "../toasts.js";

const SUMMARY_MS = 60000;
const button = document.querySelector("[data-summary-open]");
const section = document.querySelector("[data-summary]");

async function show() {
  if (!section.hidden) {
    section.hidden = true;
    button.setAttribute("aria-expanded", "false");
    return;
  }
  if (!section.childElementCount) {
    button.setAttribute("aria-busy", "true");
    try {
      const html = await getText(button.dataset.summaryOpen, SUMMARY_MS);
      section.replaceChildren(document.createRange().createContextualFragment(html));
    } catch (error) {
      toast(error.message, { kind: "bad" });
    }
    button.removeAttribute("aria-busy");
  }
  if (section.childElementCount) {
    section.hidden = false;
    button.setAttribute("aria-expanded", "true");
    section.querySelector("[data-summary-title]").focus();
  }
}

button?.addEventListener("click", show);
