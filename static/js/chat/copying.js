/** An answer as text for elsewhere: Markdown with footnotes, Markdown alone, or plain. */

import { copyText } from "../copy.js";
import { gettext, listed } from "../i18n.js";
import { toast } from "../toasts.js";
import { MARK, markCitations } from "./marks.js";
import { distinctCitations, pageWords } from "./places.js";

const KEY = "footnote.copy";
const LINES = new Set(["P", "H1", "H2", "H3", "H4", "H5", "H6", "PRE", "BLOCKQUOTE", "HR"]);

/** The ways to copy, with their words. */
export const COPIES = {
  footnotes: { label: () => gettext("Markdown with footnotes"), said: () => gettext("Copied as Markdown, with its footnotes.") },
  markdown: { label: () => gettext("Markdown"), said: () => gettext("Copied as Markdown.") },
  plain: { label: () => gettext("Plain text"), said: () => gettext("Copied as plain text, with its notes.") },
};

/** The way that was chosen last. */
export function lastCopy() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept in COPIES ? kept : "footnotes";
  } catch {
    return "footnotes";
  }
}

function remember(way) {
  try {
    localStorage.setItem(KEY, way);
  } catch {
    // Storage can be full or forbidden: the first way is offered again.
  }
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

function placeOf(citation) {
  return listed([citation.title || citation.filename, pageWords(citation.page)]);
}

/** The Markdown with `[^1]` where citations end, and a line for each below. Pure. */
export function withFootnotes({ text, citations }) {
  const numbers = (indexes) => [...new Set(indexes.map((index) => citations[index].number))];
  const marked = markCitations(text, citations)
    .replace(/\uFE47s\d+\uFE48/g, "")
    .replace(/(?:\uFE47e\d+\uFE48)+/g, (run) => {
      const indexes = [...run.matchAll(MARK)].map((match) => Number(match[2]));
      return numbers(indexes).map((number) => `[^${number}]`).join("");
    });
  const notes = distinctCitations(citations).map((citation) => {
    const quote = citation.quote ? `: “${oneLine(citation.quote)}”` : "";
    return `[^${citation.number}]: ${placeOf(citation)}${quote}`;
  });
  return [marked.trimEnd(), notes.join("\n")].filter(Boolean).join("\n\n");
}

function inlineText(element) {
  if (element.nodeType === Node.TEXT_NODE) {
    return element.data;
  }
  if (element.dataset?.number) {
    return `[${element.dataset.number}]`;
  }
  return element.tagName === "BR" ? "\n" : [...element.childNodes].map(inlineText).join("");
}

function itemLines(list, indent) {
  return [...list.children].flatMap((item, index) => {
    const mark = list.tagName === "OL" ? `${Number(list.start || 1) + index}.` : "-";
    const nested = [...item.children].filter((child) => ["UL", "OL"].includes(child.tagName));
    const own = [...item.childNodes].filter((node) => !nested.includes(node)).map(inlineText).join("").trim();
    return [`${indent}${mark} ${own}`, ...nested.flatMap((child) => itemLines(child, `${indent}  `))];
  });
}

function blockText(block) {
  if (block.tagName === "UL" || block.tagName === "OL") {
    return itemLines(block, "").join("\n");
  }
  const rows = [...block.querySelectorAll("tr")];
  if (rows.length) {
    return rows.map((row) => [...row.cells].map((cell) => inlineText(cell).trim()).join("\t")).join("\n");
  }
  return LINES.has(block.tagName) || block.nodeType === Node.ELEMENT_NODE ? inlineText(block).trim() : "";
}

/** The rendered answer `root` as text with `[1]` where citations end, and its notes below. */
export function asPlain(root, { citations }) {
  const blocks = [...root.children].map(blockText).filter(Boolean);
  const notes = distinctCitations(citations).map((citation) =>
    [`[${citation.number}] ${placeOf(citation)}`, oneLine(citation.quote)].filter(Boolean).join(": "),
  );
  return [...blocks, notes.join("\n")].filter(Boolean).join("\n\n");
}

/** Copy the answer in one of the ways, say so, and remember the way. `root` holds it as it is drawn. */
export async function copyAnswer(way, answer, root) {
  remember(way);
  const texts = { footnotes: () => withFootnotes(answer), markdown: () => answer.text, plain: () => asPlain(root, answer) };
  if (await copyText(texts[way]())) {
    toast(COPIES[way].said(), { kind: "ok" });
  } else {
    toast(gettext("The browser did not allow copying."), { kind: "warn" });
  }
}
