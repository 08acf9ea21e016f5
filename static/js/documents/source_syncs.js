/** The page of a source's syncs: while one runs, its parts are brought up to date. */

import { jsonScript } from "../dom.js";
import { getText } from "../http.js";

const ASK_EVERY_MS = 1500;

async function follow() {
  let running = true;
  try {
    const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
    for (const next of page.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${next.dataset.part}"]`);
      // Somebody is about to press a button there: it stays under the finger.
      if (old && !old.contains(document.activeElement) && old.innerHTML !== next.innerHTML) {
        old.replaceChildren(...next.childNodes);
      }
    }
    running = JSON.parse(page.getElementById("sync-state").textContent).running;
  } catch {
    // The connection is away: ask again.
  }
  if (running) {
    setTimeout(follow, ASK_EVERY_MS);
  } else if (document.activeElement?.closest("[data-part]")) {
    location.reload();
  }
}

if (jsonScript("sync-state")?.running) {
  setTimeout(follow, ASK_EVERY_MS);
}
