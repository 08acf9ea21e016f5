/**
 * Where citations stand in Markdown. Pure.
 *
 * The answer's offsets count code points of its Markdown source, but a chip must land in the rendered page. So a mark
 * is written into the source at each offset, rendered as text, and then replaced on the page. A mark is a pair of
 * vertical presentation brackets, characters that no one writes horizontally; they are punctuation, so that a mark
 * between `**` and a space does not keep Markdown from seeing the end of the bold.
 */

const OPEN = "\uFE47";
const CLOSE = "\uFE48";

/** Finds marks in rendered text: [1] is "s" (start) or "e" (end) of a citation, "a" or "z" of a sentence with a state;
 * [2] its index. */
export const MARK = /\uFE47([seaz])(\d+)\uFE48/g;

const BLOCK_PREFIX = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+)*/;
const FENCE_OR_RULE = /^[ \t]*(?:(?:`{3,}|~{3,})[^`\n]*|(?:[-=*_][ \t]*){3,}|\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?)[ \t]*$/;
const LINK_REST = /^[^\s[\]()]*\]\([^)\n]*\)/;
const DESTINATION_REST = /^[^)\n]*\)/;

function lineAround(text, at) {
  const from = text.lastIndexOf("\n", at - 1) + 1;
  const to = text.indexOf("\n", at);
  return { from, to: to < 0 ? text.length : to };
}

function insideDestination(text, at) {
  const { from } = lineAround(text, at);
  const open = text.lastIndexOf("](", at - 1);
  return open >= from && !text.slice(open + 2, at).includes(")");
}

/** The place for a mark at the end of a cited span, moved where it would break the Markdown around it. */
export function endPosition(text, end) {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1])) {
    at -= 1;
  }
  for (let guard = 0; guard < 20; guard += 1) {
    const { from, to } = lineAround(text, at);
    const line = text.slice(from, to);
    if (line.trim() && !FENCE_OR_RULE.test(line)) {
      break;
    }
    if (from === 0) {
      return at;
    }
    at = from - 1;
  }
  if (insideDestination(text, at)) {
    return at + (DESTINATION_REST.exec(text.slice(at))?.[0].length ?? 0);
  }
  const rest = LINK_REST.exec(text.slice(at));
  if (rest && text.lastIndexOf("[", at - 1) >= lineAround(text, at).from) {
    return at + rest[0].length;
  }
  const { from, to } = lineAround(text, at);
  const isTableRow = /^[ \t]*\|/.test(text.slice(from, to));
  if (isTableRow && text[at - 1] === "|") {
    at -= 1;
    while (at > from && /[ \t]/.test(text[at - 1])) {
      at -= 1;
    }
  }
  return at;
}

/** The place for a mark at the start of a cited span: after what makes a line a list item, a heading, a quote, or a
 * block of code. */
export function startPosition(text, start) {
  let at = start;
  while (at < text.length && /\s/.test(text[at])) {
    at += 1;
  }
  let { from, to } = lineAround(text, at);
  while (to < text.length && FENCE_OR_RULE.test(text.slice(from, to))) {
    at = to + 1;
    ({ from, to } = lineAround(text, at));
  }
  const prefix = from + (BLOCK_PREFIX.exec(text.slice(from, to))?.[0].length ?? 0);
  at = Math.max(at, prefix);
  return text[at] === "|" ? at + 1 : at;
}

/** Index in UTF-16 units of each wanted code point offset; `offsets` in any order. */
function utf16Positions(text, offsets) {
  const wanted = [...new Set(offsets)].sort((a, b) => a - b);
  const found = new Map();
  let units = 0;
  let points = 0;
  let next = 0;
  for (const character of text) {
    while (next < wanted.length && wanted[next] <= points) {
      found.set(wanted[next], units);
      next += 1;
    }
    if (next === wanted.length) {
      break;
    }
    units += character.length;
    points += 1;
  }
  for (; next < wanted.length; next += 1) {
    found.set(wanted[next], text.length);
  }
  return found;
}

/** The Markdown with a mark at the start and the end of each citation's span, and of each sentence's. */
export function markCitations(text, citations, sentences = []) {
  const spans = [
    ...citations.map(({ start, end }, index) => ({ start, end, index, from: ["s", 3], to: ["e", 0] })),
    ...sentences.map(({ start, end }, index) => ({ start, end, index, from: ["a", 2], to: ["z", 1] })),
  ];
  const positions = utf16Positions(
    text,
    spans.flatMap((span) => [span.start, span.end]),
  );
  const marks = [];
  for (const { start, end, index, from, to } of spans) {
    const last = endPosition(text, positions.get(end));
    const first = Math.min(startPosition(text, positions.get(start)), last);
    marks.push({ at: first, order: from[1], mark: `${OPEN}${from[0]}${index}${CLOSE}` });
    marks.push({ at: last, order: to[1], mark: `${OPEN}${to[0]}${index}${CLOSE}` });
  }
  marks.sort((a, b) => a.at - b.at || a.order - b.order);
  let marked = "";
  let from = 0;
  const plain = (part) => part.replaceAll(OPEN, "[").replaceAll(CLOSE, "]");
  for (const { at, mark } of marks) {
    marked += plain(text.slice(from, at)) + mark;
    from = at;
  }
  return marked + plain(text.slice(from));
}

const LONGEST_WORD = 24;

/** The part of a growing text that ends with a whole word, so that text appears by words. A very long word, or a
 * script that puts no spaces, is shown as it comes. */
export function wholeWords(text) {
  const cut = text.search(/\S*$/);
  return text.length - cut > LONGEST_WORD ? text : text.slice(0, cut);
}
