/** The list of documents: filters as one chooses, keeps itself up to date, deletes the chosen ones. */

import { getText } from "../http.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { followDocuments } from "./follow.js";
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

// Choosing
const boxes = () => [...section.querySelectorAll("input[name=document]")];

function drawSelection() {
  const bar = section.querySelector("[data-selection-bar]");
  if (!bar) {
    return;
  }
  const chosen = boxes().filter((box) => box.checked);
  for (const box of boxes()) {
    box.closest("tr").setAttribute("aria-selected", String(box.checked));
  }
  bar.hidden = chosen.length === 0;
  const words = { count: formatNumber(chosen.length) };
  section.querySelector("[data-selection-count]").textContent = interpolate(
    ngettext("%(count)s document chosen", "%(count)s documents chosen", chosen.length),
    words,
  );
  section.querySelector("[data-delete-title]").textContent = interpolate(
    ngettext("Delete %(count)s document?", "Delete %(count)s documents?", chosen.length),
    words,
  );
  const all = section.querySelector("[data-select-all]");
  all.checked = chosen.length > 0 && chosen.length === boxes().length;
  all.indeterminate = chosen.length > 0 && !all.checked;
}

section.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    for (const box of boxes()) {
      box.checked = event.target.checked;
    }
  }
  drawSelection();
});
section.addEventListener("click", (event) => {
  if (event.target.closest("[data-select-none]")) {
    for (const box of boxes()) {
      box.checked = false;
    }
    drawSelection();
  }
});

// Staying up to date
let refreshing = 0;

function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(refresh, REFRESH_MS);
}

async function refresh() {
  if (boxes().some((box) => box.checked) || section.contains(document.activeElement)) {
    // Not under the reader's hands.
    return refreshSoon();
  }
  try {
    const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
    const fresh = page.querySelector("[data-list]");
    if (fresh) {
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
