/** The passages of an answer, grouped by document, with scores and the cited words marked. */

import { dotted, h, icon, scrollTo } from "../dom.js";
import { decimals, formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { documentUrl, editedWord, headingWords, pageWords } from "./places.js";

const score = decimals(2);

function byDocument(passages) {
  const groups = new Map();
  for (const passage of passages) {
    if (!groups.has(passage.document_id)) {
      groups.set(passage.document_id, []);
    }
    groups.get(passage.document_id).push(passage);
  }
  return [...groups.values()];
}

/** The passage's text with the words of each of its citations in a <mark>. Overlapping spans are marked once. */
function markedText(passage, citations) {
  const points = Array.from(passage.text);
  const spans = citations
    .filter((citation) => citation.passage_rank === passage.rank)
    .map((citation) => ({
      from: Math.max(0, citation.source_start - passage.start),
      to: Math.min(points.length, citation.source_end - passage.start),
      number: citation.number,
    }))
    .filter((span) => span.from < span.to)
    .sort((a, b) => a.from - b.from);
  const pieces = [];
  let at = 0;
  for (const { from, to, number } of spans) {
    if (from >= at) {
      pieces.push(points.slice(at, from).join(""), h("mark", { "data-number": number }, points.slice(from, to).join("")));
      at = to;
    }
  }
  pieces.push(points.slice(at).join(""));
  return pieces;
}

function scoreWords(passage) {
  const parts = [interpolate(gettext("score %(n)s"), { n: score(passage.score) })];
  if (passage.dense_score !== null) {
    parts.push(interpolate(gettext("meaning %(n)s"), { n: score(passage.dense_score) }));
  }
  if (passage.keyword_score !== null) {
    parts.push(interpolate(gettext("words %(n)s"), { n: score(passage.keyword_score) }));
  }
  return parts.join(" · ");
}

function makePassage(passage, citations, best) {
  const cited = citations.filter((citation) => citation.passage_rank === passage.rank);
  const numbers = [...new Set(cited.map((citation) => citation.number))];
  const span = cited[0] ?? { document_id: passage.document_id, source_start: passage.start, source_end: passage.end, page: passage.page };
  const place = dotted(pageWords(passage.page), headingWords(passage), editedWord(passage));
  const words = scoreWords(passage);
  return h(
    "li",
    { class: "passage", "data-rank": passage.rank, "data-cited": numbers.length > 0 },
    h(
      "div",
      { class: "passage__head" },
      numbers.length
        ? h("span", { class: "passage__numbers" }, ...numbers.map((number) => h("span", { class: "passage__number" }, String(number))))
        : null,
      h("span", { class: "passage__place" }, place.length ? place : interpolate(gettext("Passage %(n)s"), { n: formatNumber(passage.rank) })),
      h("a", { class: "passage__open", href: documentUrl(span) }, gettext("Open")),
    ),
    h("p", { class: "passage__text", dir: "auto" }, ...markedText(passage, citations)),
    h(
      "div",
      { class: "passage__score" },
      h("progress", { class: "progress bar", max: best || 1, value: Math.max(0, passage.score), "aria-label": words }),
      h("span", { class: "number" }, words),
    ),
  );
}

/** The list of an answer's passages. */
export function makeSources({ passages, citations }) {
  if (!passages.length) {
    return h("p", { class: "soft" }, gettext("No passage was found for this question."));
  }
  const best = Math.max(...passages.map((passage) => passage.score));
  return h(
    "div",
    { class: "sources" },
    ...byDocument(passages).map((group) =>
      h(
        "section",
        { class: "sources__document" },
        h("h3", { class: "sources__title" }, icon("document", "icon--small"), h("span", { dir: "auto" }, group[0].title || group[0].filename)),
        h(
          "p",
          { class: "sources__origin" },
          dotted(
            group[0].source,
            interpolate(ngettext("%(n)s passage", "%(n)s passages", group.length), { n: formatNumber(group.length) }),
          ),
        ),
        h("ol", { class: "sources__passages" }, ...group.map((passage) => makePassage(passage, citations, best))),
      ),
    ),
  );
}

/** Mark the passage of `citation` (or none) as the chosen one, and bring it into sight. */
export function choosePassage(list, citation, withScroll = true) {
  for (const passage of list.querySelectorAll(".passage")) {
    const isChosen = citation !== null && Number(passage.dataset.rank) === citation.passage_rank;
    passage.toggleAttribute("data-chosen", isChosen);
    for (const mark of passage.querySelectorAll("mark")) {
      mark.toggleAttribute("data-chosen", isChosen && Number(mark.dataset.number) === citation.number);
    }
    if (isChosen && withScroll) {
      scrollTo(passage.querySelector("mark[data-chosen]") ?? passage);
    }
  }
}
