/** What a question was narrowed to, under its words. */

import { h, icon } from "../dom.js";
import { gettext } from "../i18n.js";

/** The list of documents and data sources of `scope` (store.js); null for a question that was not narrowed. */
export function makeScope(scope) {
  if (!scope.length) {
    return null;
  }
  return h(
    "ul",
    { class: "question__scope", role: "list", "aria-label": gettext("The question was narrowed to") },
    scope.map(({ kind, id, name }) => {
      const words = h("span", { class: "composer-chip__name", dir: "auto" }, name);
      const isLink = kind === "document" && id;
      return h(
        "li",
        { class: "composer-chip composer-chip--asked", "data-gone": !id },
        icon(kind, "icon--small"),
        isLink ? h("a", { href: `/documents/${id}/` }, words) : words,
      );
    }),
  );
}
