/** How a document's state reads. */

import { h } from "../dom.js";
import { formatNumber, gettext, interpolate, listed } from "../i18n.js";

const WORDS = {
  received: gettext("Received"),
  parsing: gettext("Reading"),
  chunking: gettext("Splitting"),
  embedding: gettext("Indexing"),
  ready: gettext("Ready"),
  failed: gettext("Failed"),
};
const KINDS = { ready: "ok", failed: "bad" };

/** Whether indexing has ended, well or not. */
export function isFinal(status) {
  return status === "ready" || status === "failed";
}

/** The state in a word or two: "Indexing 12 of 80". */
export function stateWords({ status, done, total, place }) {
  if (status === "received" && place) {
    return placeWords(place);
  }
  if (status === "embedding" && total > 0) {
    return interpolate(gettext("Indexing %(done)s of %(total)s"), { done: formatNumber(done), total: formatNumber(total) });
  }
  return WORDS[status] ?? status;
}

/** A place in the queue: "Number 12 in the queue, about 2 min". */
function placeWords({ position, seconds }) {
  const words = interpolate(gettext("Number %(position)s in the queue"), { position: formatNumber(position) });
  if (seconds === null || seconds < 5) {
    return words;
  }
  const time =
    seconds < 90
      ? interpolate(gettext("about %(count)s s"), { count: formatNumber(Math.ceil(seconds / 5) * 5) })
      : interpolate(gettext("about %(count)s min"), { count: formatNumber(Math.round(seconds / 60)) });
  return listed([words, time]);
}

/** The state as a badge. */
export function stateBadge(state) {
  return h("span", { class: `badge badge--${KINDS[state.status] ?? "accent"}`, title: state.error?.message ?? "" }, stateWords(state));
}
