/** The prompt library: a prompt is deleted at once, and for a while it can be taken back. */

import { gettext, interpolate } from "../i18n.js";
import { doSoon } from "../undo.js";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-prompt-delete]")) {
    return;
  }
  event.preventDefault();
  const card = form.closest("[data-prompt]");
  const next = card.nextElementSibling ?? card.previousElementSibling;
  card.hidden = true;
  doSoon(interpolate(gettext("“%(title)s” is deleted."), { title: form.dataset.promptDelete }), {
    url: form.action,
    data: {},
    undo: () => {
      card.hidden = false;
      card.querySelector("button").focus();
    },
    done: () => {
      card.remove();
      if (!document.querySelector("[data-prompt]")) {
        // The page of an empty library says what belongs there.
        location.reload();
      }
    },
  });
  (next?.querySelector("a, button") ?? document.getElementById("main")).focus();
});
