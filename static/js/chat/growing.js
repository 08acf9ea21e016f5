/**
 * What of a growing text may be shown, so that nothing on the page turns into something else a moment later: whole
 * words, whole rows of tables, whole formulas and links; what is bold or code so far is closed. Pure.
 */

import { wholeWords } from "./marks.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})/gm;
const LONGEST_ROW = 2000;
const LONGEST_TAIL = 20_000;
const OPEN_LINK = /!?\[[^\]\n]{0,200}(?:\](?:\([^)\n]{0,2000})?)?$/;
const CLOSED_DOLLARS = /(?<![\w\\$])\$(?![\s$])(?:[^$\\\n]|\\.){1,500}?(?<!\s)\$(?![\d$])/g;
const OPEN_DOLLAR = /(?<![\w\\$])\$(?![\s$\d])[^$\n]{0,200}$/;
const CODE_SPANS = /(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g;

/** Whether the text ends within a fenced block of code. */
function isInFence(text) {
  let open = null;
  for (const [, fence] of text.matchAll(FENCE)) {
    if (open === null) {
      open = fence;
    } else if (fence[0] === open[0] && fence.length >= open.length) {
      open = null;
    }
  }
  return open !== null;
}

function withoutHalfTable(tail) {
  const from = tail.lastIndexOf("\n") + 1;
  let whole = tail;
  if (/^ {0,3}\|/.test(tail.slice(from)) && tail.length - from < LONGEST_ROW) {
    whole = tail.slice(0, from);
  }
  // A row above which there is nothing is the head of a table only when the line of dashes follows.
  const rows = /(?:^|\n)( {0,3}\|[^\n]*\n?)$/.exec(whole);
  if (rows) {
    const before = whole.slice(0, whole.length - rows[1].length).trimEnd();
    const above = before.slice(before.lastIndexOf("\n") + 1);
    if (!/^ {0,3}\|/.test(above)) {
      return whole.slice(0, whole.length - rows[1].length);
    }
  }
  return whole;
}

function withoutHalfFormula(tail) {
  let cut = tail.length;
  const display = tail.split("$$").length - 1;
  if (display % 2) {
    cut = tail.lastIndexOf("$$");
  }
  for (const [open, close] of [
    ["\\[", "\\]"],
    ["\\(", "\\)"],
  ]) {
    const at = tail.lastIndexOf(open);
    if (at >= 0 && tail.indexOf(close, at) < 0) {
      cut = Math.min(cut, at);
    }
  }
  const dollar = OPEN_DOLLAR.exec(tail.replace(CLOSED_DOLLARS, (found) => " ".repeat(found.length)));
  if (dollar) {
    cut = Math.min(cut, dollar.index);
  }
  // What is still open after so much is none.
  return tail.length - cut < 4000 ? tail.slice(0, cut) : tail;
}

/** The text with its last bold words or code closed, so that they look from the first word on as they will. */
function closed(tail) {
  const body = tail.trimEnd();
  let bare = body.replace(CODE_SPANS, (found) => " ".repeat(found.length));
  let end = "";
  const code = bare.lastIndexOf("`");
  if (code >= 0) {
    if (bare[code - 1] === "`" || code + 1 === body.length) {
      return bare[code - 1] === "`" ? tail : tail.slice(0, code);
    }
    end = "`";
    bare = bare.slice(0, code);
  }
  if (bare.split("**").length % 2 === 0) {
    const bold = bare.lastIndexOf("**");
    if (bold + 2 === body.length) {
      return tail.slice(0, bold);
    }
    end += "**";
  }
  return end ? body + end + tail.slice(body.length) : tail;
}

/** The part of a growing text to show now. */
export function settled(text) {
  const shown = wholeWords(text);
  if (isInFence(shown)) {
    return shown;
  }
  const from = shown.lastIndexOf("\n\n") + 1;
  let tail = shown.slice(from);
  if (tail.length > LONGEST_TAIL) {
    return shown;
  }
  tail = withoutHalfFormula(withoutHalfTable(tail)).replace(OPEN_LINK, "");
  return shown.slice(0, from) + closed(tail);
}
