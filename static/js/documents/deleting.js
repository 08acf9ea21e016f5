/** Deleting documents, with a while to take it back. They go from the lists of the page at once. */

import { doSoon } from "../undo.js";

const LEFT = "documents-deleted";

/** Ids of the documents that are not shown. */
const going = new Set();

/** Whether this document is on its way out. */
export function isGoing(id) {
  return going.has(id);
}

/** Show or hide what stands for a document below `root`, as it is on its way out or not. */
export function hideGoing(root) {
  for (const entry of root.querySelectorAll("[data-document]")) {
    entry.hidden = going.has(entry.dataset.document);
  }
}

/**
 * Delete the documents `ids` when the time to undo is over: `data` is posted to `url`. `show` draws the page anew, `done`
 * is called when they are gone.
 */
export function deleteSoon(text, ids, { url, data, show, done }) {
  ids.forEach((id) => going.add(id));
  show();
  doSoon(text, {
    url,
    data,
    undo: () => {
      ids.forEach((id) => going.delete(id));
      show();
    },
    done,
    // The list may be on its way already, with these documents still in it.
    left: () => sessionStorage.setItem(LEFT, JSON.stringify([...going])),
  });
}

/** Show these rows again if the server still has them. */
export function forgetGone(ids) {
  ids.forEach((id) => going.delete(id));
}

/** The documents that the page before this one deleted while it was left; their rows are not shown. */
export function deletedBefore() {
  const ids = JSON.parse(sessionStorage.getItem(LEFT) ?? "[]");
  sessionStorage.removeItem(LEFT);
  ids.forEach((id) => going.add(id));
  return ids;
}
