/** Who may see something: groups and people matter only when it is restricted, and long lists can be searched. */

import { h } from "../dom.js";
import { gettext } from "../i18n.js";

const SEARCH_FROM = 8;

/** Keep the lists of a form with a choice `visibility` and `[data-readers]` in step with it. */
export function showReaders(form) {
  const readers = form.querySelector("[data-readers]");

  function show() {
    readers.hidden = form.elements.visibility.value !== "restricted";
  }

  form.addEventListener("change", show);
  show();

  for (const choices of readers.querySelectorAll(".field__choices")) {
    const labels = [...choices.querySelectorAll("label")];
    if (labels.length < SEARCH_FROM) {
      continue;
    }
    const search = h("input", { class: "input", type: "search", "aria-label": gettext("Search names"), placeholder: gettext("Search names") });
    search.addEventListener("input", (event) => {
      event.stopPropagation();
      const words = search.value.trim().toLowerCase();
      for (const label of labels) {
        const row = label.closest(".field__choices > div > div") ?? label;
        row.hidden = !label.textContent.toLowerCase().includes(words) && !label.querySelector("input")?.checked;
      }
    });
    choices.before(search);
  }
}
