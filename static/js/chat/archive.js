/** The archive: drawn anew when a conversation comes or goes, so that what follows moves up. */

import { getText } from "../http.js";
import { onChange } from "./changes.js";
import { hideRows } from "./conversations.js";

async function redraw() {
  const text = await getText(location.href);
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-archive]");
  if (fresh) {
    document.querySelector("[data-archive]").replaceChildren(...fresh.childNodes);
    hideRows([], true);
  }
}

onChange(({ archived, deleted, title }) => {
  if (archived !== undefined || deleted || title !== undefined) {
    // Without an answer the page stays as it is.
    redraw().catch(() => {});
  }
});
