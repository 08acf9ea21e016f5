/** The sets of embeddings, live while one of them is being built. */

import { getText } from "../http.js";

const ASK_EVERY_MS = 2000;
const list = document.querySelector("[data-embedding-sets]");

async function refresh() {
  try {
    const fresh = new DOMParser().parseFromString(await getText(list.dataset.embeddingSets), "text/html");
    const ended = list.querySelector("[data-building]") && !fresh.querySelector("[data-building]");
    if (ended) {
      // The head of the page offers a new set again.
      location.reload();
      return;
    }
    // Nothing is taken away under somebody's hand.
    if (!list.contains(document.activeElement)) {
      list.replaceChildren(...fresh.body.childNodes);
    }
  } catch {
    // The connection is away: ask again.
  }
  setTimeout(refresh, ASK_EVERY_MS);
}

if (list.querySelector("[data-building]")) {
  setTimeout(refresh, ASK_EVERY_MS);
}
