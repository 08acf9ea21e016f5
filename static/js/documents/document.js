/** One document: shows the marked span, waits for a document that is being indexed, and deletes it. */

import { jsonScript, scrollTo } from "../dom.js";
import { getText } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { deleteSoon, isGoing } from "./deleting.js";
import { isFinal } from "./states.js";

const ASK_EVERY_MS = 1500;

const mark = document.querySelector("[data-text] [data-span]");
if (mark) {
  mark.id = "span";
  // After the fonts: they move the lines.
  document.fonts.ready.then(() => scrollTo(mark));
}

const main = document.getElementById("main");

async function waitForEnd() {
  if (main.inert) {
    // It is on its way out, and to load the page anew would be to leave it.
    setTimeout(waitForEnd, ASK_EVERY_MS);
    return;
  }
  try {
    const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
    const fresh = page.getElementById("document-state");
    if (main.inert) {
      setTimeout(waitForEnd, ASK_EVERY_MS);
      return;
    }
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

const deletion = document.querySelector("#delete-document form");
deletion?.addEventListener("submit", (event) => {
  event.preventDefault();
  deletion.closest("dialog").close();
  const { id, name } = jsonScript("document-state");
  const show = () => {
    main.inert = isGoing(id);
    main.focus({ preventScroll: true });
  };
  deleteSoon(interpolate(gettext("%(name)s is deleted."), { name }), [id], {
    url: deletion.action,
    data: new FormData(deletion),
    show,
    done: () => location.assign(deletion.dataset.back),
  });
});
