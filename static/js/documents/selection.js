/** Choosing documents in their list: the bar that says how many, and what the dialog before deleting names. */

import { h } from "../dom.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";

const MOST_NAMED = 6;

const boxes = (section) => [...section.querySelectorAll("tr:not([hidden]) input[name=document]")];

/** The rows of the chosen documents. */
export function chosenRows(section) {
  return boxes(section).filter((box) => box.checked).map((box) => box.closest("tr"));
}

/** The name of a row's document. */
export function nameOf(row) {
  return row.querySelector("th a").textContent;
}

/** Choose no document. */
export function chooseNone(section) {
  for (const box of section.querySelectorAll("input[name=document]")) {
    box.checked = false;
  }
  drawSelection(section);
}

/** Say what is chosen, in the bar and in the dialog. */
export function drawSelection(section) {
  const bar = section.querySelector("[data-selection-bar]");
  if (!bar) {
    return;
  }
  const shown = boxes(section);
  const chosen = chosenRows(section);
  for (const box of shown) {
    box.closest("tr").setAttribute("aria-selected", String(box.checked));
  }
  bar.hidden = chosen.length === 0;
  section.querySelector("[data-selection-count]").textContent = interpolate(
    ngettext("%(count)s document chosen", "%(count)s documents chosen", chosen.length),
    { count: formatNumber(chosen.length) },
  );
  drawRetry(section.querySelector("[data-retry-chosen]"), chosen);
  drawDialog(section.querySelector("#delete-chosen"), chosen);
  const all = section.querySelector("[data-select-all]");
  all.checked = chosen.length > 0 && chosen.length === shown.length;
  all.indeterminate = chosen.length > 0 && !all.checked;
}

function drawRetry(button, chosen) {
  const failed = chosen.filter((row) => row.dataset.state === "failed").length;
  button.hidden = failed === 0;
  const text = ngettext("Try %(count)s failed one again", "Try %(count)s failed ones again", failed);
  button.querySelector("[data-words]").textContent = interpolate(text, { count: formatNumber(failed) });
}

function drawDialog(dialog, chosen) {
  const title =
    chosen.length === 1
      ? interpolate(gettext("Delete \u201c%(name)s\u201d?"), { name: nameOf(chosen[0]) })
      : interpolate(gettext("Delete %(count)s documents?"), { count: formatNumber(chosen.length) });
  dialog.querySelector("[data-delete-title]").textContent = title;
  const named = chosen.length > 1 ? chosen.slice(0, MOST_NAMED).map((row) => h("li", { dir: "auto" }, nameOf(row))) : [];
  const left = chosen.length - named.length;
  if (named.length && left > 0) {
    const text = ngettext("and %(count)s more", "and %(count)s more", left);
    named.push(h("li", { class: "soft" }, interpolate(text, { count: formatNumber(left) })));
  }
  const list = dialog.querySelector("[data-delete-names]");
  list.replaceChildren(...named);
  list.hidden = !named.length;
  const passages = chosen.reduce((sum, row) => sum + Number(row.dataset.passages), 0);
  dialog.querySelector("[data-delete-what]").textContent = whatGoes(chosen.length, passages);
}

function whatGoes(documents, passages) {
  if (passages === 0) {
    return ngettext("Its file goes too.", "Their files go too.", documents);
  }
  const what =
    documents === 1
      ? ngettext("Its file and the %(count)s passage found in it go too.", "Its file and the %(count)s passages found in it go too.", passages)
      : ngettext("Their files and the %(count)s passage found in them go too.", "Their files and the %(count)s passages found in them go too.", passages);
  return interpolate(what, { count: formatNumber(passages) });
}

const section = document.querySelector("[data-list]");

section.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    for (const box of boxes(section)) {
      box.checked = event.target.checked;
    }
  }
  drawSelection(section);
});
section.addEventListener("click", (event) => {
  if (event.target.closest("[data-select-none]")) {
    chooseNone(section);
    document.getElementById("main").focus({ preventScroll: true });
  }
});
