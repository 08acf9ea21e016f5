/** The words and addresses of a place in a document, the same in chip, note, card and drawer. */

import { gettext, interpolate, listed } from "../i18n.js";

const BELOW = " \u203A ";

/** The address of the document at this span; null for a document that the reader may not see. */
export function documentUrl({ document_id: id, source_start: start, source_end: end, page }) {
  if (!id) {
    return null;
  }
  const query = new URLSearchParams({ start, end });
  if (page) {
    query.set("page", page);
  }
  return `/documents/${id}/?${query}`;
}

/** Where the passages of an answer come from. */
export function passagesUrl(answerId) {
  return `/answers/${answerId}/passages/`;
}

/** Where the steps of an answer come from, as a piece of a page. */
export function traceUrl(answerId) {
  return `/answers/${answerId}/trace/`;
}

/** "Leave rules › Notice": the headings that a passage stands under, without the document's own name at their head. */
export function headingWords({ title, filename, heading }) {
  const [first, ...others] = (heading ?? "").split(" > ");
  return (first === (title || filename) ? others : [first, ...others]).join(BELOW);
}

/** "Library › Leave rules › Notice, Page 3": the way to a passage, as far as it is known. */
export function pathWords({ source, title, filename, heading, page }) {
  const place = listed([headingWords({ title, filename, heading }), pageWords(page)]);
  return [source, title || filename, place].filter(Boolean).join(BELOW);
}

/** "Page 3", or nothing for a document without pages. */
export function pageWords(page) {
  return page ? interpolate(gettext("Page %(page)s"), { page }) : "";
}

/** "edited" for a citation or passage whose words somebody wrote in the place of the document's, else nothing. */
export function editedWord({ edited }) {
  return edited ? gettext("edited") : "";
}

/** A passage's text in three parts: before the cited words, the cited words, after. Offsets are code points of the
 * document. The middle is empty when the words are not in this passage. */
export function splitAtQuote(passage, citation) {
  const points = Array.from(passage.text);
  const from = citation.source_start - passage.start;
  const to = citation.source_end - passage.start;
  if (from < 0 || to > points.length || from >= to) {
    return [passage.text, "", ""];
  }
  return [points.slice(0, from).join(""), points.slice(from, to).join(""), points.slice(to).join("")];
}

/** The citations of an answer, one for each number, in order of their numbers. */
export function distinctCitations(citations) {
  const byNumber = new Map();
  for (const citation of citations) {
    if (!byNumber.has(citation.number)) {
      byNumber.set(citation.number, citation);
    }
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}
