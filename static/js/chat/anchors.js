/** From marks in rendered text to empty elements that chips and highlights hold on to. */

import { MARK } from "./marks.js";

const NAMES = { s: "from", e: "chip", a: "sentence", z: "sentenceEnd" };

function anchorFor(kind, index) {
  const anchor = document.createElement("span");
  anchor.dataset[NAMES[kind]] = index;
  return anchor;
}

function textsOf(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    texts.push(walker.currentNode);
  }
  return texts;
}

/** Turn the marks in the text of `root` into empty elements: [data-from] where a cited span starts, [data-chip] where
 * it ends, [data-sentence] and [data-sentence-end] around a sentence with a state. */
export function replaceMarks(root) {
  for (const text of textsOf(root)) {
    const pieces = [];
    let from = 0;
    for (const match of text.data.matchAll(MARK)) {
      pieces.push(text.data.slice(from, match.index), anchorFor(match[1], match[2]));
      from = match.index + match[0].length;
    }
    if (!pieces.length) {
      continue;
    }
    pieces.push(text.data.slice(from));
    const link = text.parentElement?.closest("a");
    text.replaceWith(...pieces.filter((piece) => piece !== ""));
    for (const chip of link?.querySelectorAll("[data-chip]") ?? []) {
      link.after(chip);
    }
  }
}

/** A text without its marks, and these with where they stood in it: [{at, kind, index}]. */
export function withoutMarks(marked) {
  const marks = [];
  let text = "";
  let from = 0;
  for (const match of marked.matchAll(MARK)) {
    text += marked.slice(from, match.index);
    marks.push({ at: text.length, kind: match[1], index: match[2] });
    from = match.index + match[0].length;
  }
  return { text: text + marked.slice(from), marks };
}

/** Put the elements of `marks` into `root`, whose text they were taken from. */
export function placeMarks(root, marks) {
  let passed = 0;
  let next = 0;
  for (const text of textsOf(root)) {
    let rest = text;
    const end = passed + text.length;
    while (next < marks.length && marks[next].at <= end) {
      const { at, kind, index } = marks[next];
      rest = at > passed ? rest.splitText(at - passed) : rest;
      passed = at;
      rest.before(anchorFor(kind, index));
      next += 1;
    }
    passed = end;
  }
  for (const { kind, index } of marks.slice(next)) {
    root.append(anchorFor(kind, index));
  }
}
