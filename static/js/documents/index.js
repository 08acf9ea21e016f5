/** The list of documents: filters as one chooses, keeps itself up to date, deletes the chosen ones. */

import { getText } from "../http.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { deletedBefore, deleteSoon, forgetGone, hideGoing } from "./deleting.js";
import { followDocuments } from "./follow.js";
import { chooseNone, chosenRows, drawSelection, nameOf } from "./selection.js";
import { isFinal, stateBadge } from "./states.js";
import { applyDeleted, applySnapshot, applyState } from "./upload.js";

const REFRESH_MS = 800;
const LOOK_AGAIN_MS = 5000;
const section = document.querySelector("[data-list]");

// Filter
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-filter] select")) {
    event.target.form.requestSubmit();
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-filter]")) {
    // An empty choice says nothing in the address.
    for (const field of event.target.elements) {
      field.disabled = field.name !== "" && field.value === "";
    }
  }
});

// Deleting the chosen ones
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-selection]") || event.submitter?.hasAttribute("formaction")) {
    return;
  }
  event.preventDefault();
  const form = event.target;
  const rows = chosenRows(section);
  const data = new FormData(form);
  section.querySelector("#delete-chosen").close();
  const ids = rows.map((row) => row.dataset.document);
  const show = () => {
    hideGoing(document);
    chooseNone(section);
  };
  const [first] = rows;
  const text =
    rows.length === 1
      ? interpolate(gettext("%(name)s is deleted."), { name: nameOf(first) })
      : interpolate(gettext("%(count)s documents are deleted."), { count: formatNumber(rows.length) });
  deleteSoon(text, ids, { url: form.action, data, show, done: (answer) => deleted(ids, answer) });
  document.getElementById("main").focus({ preventScroll: true });
});

function deleted(ids, { kept }) {
  if (kept > 0) {
    const text = ngettext(
      "%(count)s document could not be deleted: it is gone already, or not yours.",
      "%(count)s documents could not be deleted: they are gone already, or not yours.",
      kept,
    );
    toast(interpolate(text, { count: formatNumber(kept) }), { kind: "warn" });
  }
  refresh(ids);
}

// Staying up to date
let refreshing = 0;
const forgotten = [];

function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => refresh(), REFRESH_MS);
}

/** Fetch the list afresh; the documents `gone` are shown again if they are still in it. */
async function refresh(gone = []) {
  forgotten.push(...gone);
  if (chosenRows(section).length || section.contains(document.activeElement)) {
    // Not under the reader's hands.
    return refreshSoon();
  }
  try {
    const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
    const fresh = page.querySelector("[data-list]");
    if (fresh) {
      const more = fresh.querySelector("[data-filter-more]");
      // What was folded out stays so.
      if (more && section.querySelector("[data-filter-more]")?.open) {
        more.open = true;
      }
      forgetGone(forgotten.splice(0));
      hideGoing(fresh);
      section.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // The list is as it was; the next change tries again.
  }
}

// Documents of others, and of data sources, are told of by nobody: while some are on their way, look again.
setInterval(() => {
  if (!document.hidden && section.querySelector("[data-status] .badge--accent")) {
    refresh();
  }
}, LOOK_AGAIN_MS);

function updateRow(state) {
  const cell = section.querySelector(`tr[data-document="${state.id}"] [data-status]`);
  if (cell) {
    cell.replaceChildren(stateBadge(state));
    cell.closest("tr").dataset.state = state.status;
    drawSelection(section);
  }
  if (!cell || isFinal(state.status)) {
    refreshSoon();
  }
}

followDocuments((event) => {
  if (event.type === "documents.snapshot") {
    applySnapshot(event.documents);
  } else if (event.type === "document.progress") {
    applyState(event.document);
    updateRow(event.document);
  } else {
    applyDeleted(event.document_id);
    refreshSoon();
  }
});

const before = deletedBefore();
if (before.length) {
  hideGoing(section);
  forgotten.push(...before);
  refreshSoon();
}
