/** One document: shows the marked span, and waits for a document that is being indexed. */

import { jsonScript, scrollTo } from "../dom.js";
import { getText } from "../http.js";
import { isFinal } from "./states.js";

const ASK_EVERY_MS = 1500;

const mark = document.querySelector("[data-text] [data-span]");
if (mark) {
  mark.id = "span";
  // After the fonts: they move the lines.
  document.fonts.ready.then(() => scrollTo(mark));
}

async function waitForEnd() {
  try {
    const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
    const fresh = page.getElementById("document-state");
    if (!fresh || isFinal(JSON.parse(fresh.textContent).status)) {
      location.reload();
      return;
    }
    for (const part of ["[data-status]", "[data-working]"]) {
      const [old, next] = [document.querySelector(part), page.querySelector(part)];
      if (old && next) {
        old.replaceChildren(...next.childNodes);
      }
    }
  } catch {
    // The connection is away: ask again.
  }
  setTimeout(waitForEnd, ASK_EVERY_MS);
}

if (!isFinal(jsonScript("document-state")?.status ?? "ready")) {
  setTimeout(waitForEnd, ASK_EVERY_MS);
}
