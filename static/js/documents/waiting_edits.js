/** Edits that no longer fit: discarding one, with a while to take it back. */

import { gettext } from "../i18n.js";
import { doSoon } from "../undo.js";

const section = document.querySelector("[data-waiting-edits]");
const line = document.querySelector("[data-waiting-line]");

function show(item, shown) {
  item.hidden = !shown;
  const none = !section.querySelector("[data-waiting-edit]:not([hidden])");
  section.hidden = line.hidden = none;
}

section.addEventListener("click", (event) => {
  const button = event.target.closest("[data-discard]");
  if (!button) {
    return;
  }
  const item = button.closest("[data-waiting-edit]");
  show(item, false);
  doSoon(gettext("The edit is discarded."), { url: button.dataset.discard, data: new FormData(), undo: () => show(item, true) });
  (section.hidden ? document.getElementById("main") : section).focus({ preventScroll: true });
});
