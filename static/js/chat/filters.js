/** What an answer was narrowed by: the filters that its question says, each with a button that takes it away. */

import { h, icon } from "../dom.js";
import { gettext, interpolate, listed } from "../i18n.js";

/**
 * The filters of `answer` (store.js) as elements, none where it has none. `takeAway(filter)` asks again without one;
 * while the answer is being written none can be taken away.
 */
export function makeFilters(answer, takeAway) {
  const used = answer.filters.filter((filter) => filter.used);
  const unused = answer.filters.filter((filter) => !filter.used);
  return [
    used.length
      ? h(
          "ul",
          { class: "narrowed__list", role: "list", "aria-label": gettext("The search was narrowed to") },
          used.map((filter) => makeFilter(filter, answer.status === "running" ? null : takeAway)),
        )
      : null,
    unused.length ? h("p", { class: "narrowed__unused" }, unusedWords(unused)) : null,
  ].filter(Boolean);
}

function makeFilter(filter, takeAway) {
  return h(
    "li",
    { class: "narrowed__filter", title: interpolate(gettext("Your question says “%(said)s”."), { said: filter.said }) },
    h("span", { class: "narrowed__label", dir: "auto" }, filter.label),
    takeAway &&
      h(
        "button",
        {
          class: "narrowed__remove",
          type: "button",
          "aria-label": interpolate(gettext("Ask again without “%(label)s”"), { label: filter.label }),
          title: gettext("Ask again without it"),
          on: { click: () => takeAway(filter) },
        },
        icon("close", "icon--small"),
      ),
  );
}

/** What is said of filters that leave nothing to read. */
export function unusedWords(filters) {
  const words = gettext("Nothing to read with “%(labels)s”, so everything was searched without it.");
  return interpolate(words, { labels: labelsOf(filters) });
}

/** What is said under a question that was asked again, of the filters that were taken away. */
export function takenAwayWords(filters) {
  return interpolate(gettext("Asked again without “%(labels)s”."), { labels: labelsOf(filters) });
}

function labelsOf(filters) {
  return filters.map((filter) => filter.label).join("”, “");
}

/** What a screen reader hears of the filters. */
export function spokenFilters(filters) {
  const used = filters.filter((filter) => filter.used).map((filter) => filter.label);
  const unused = filters.filter((filter) => !filter.used);
  const narrowed = used.length ? interpolate(gettext("The search was narrowed. %(labels)s."), { labels: listed(used) }) : "";
  return [narrowed, unused.length ? unusedWords(unused) : ""].filter(Boolean).join(" ");
}
