/**
 * Markdown as blocks, and each block as nodes that may stand on the page.
 *
 * What a model writes is not trusted: HTML is shown as text, pictures from elsewhere become links, and what would keep
 * the browser busy (a line of a megabyte, quotes in quotes in quotes) is shown as the text that it is.
 */

import { gettext, interpolate } from "../i18n.js";
import { replaceMarks } from "./anchors.js";
import { copyCode, dressCode, loadGrammar } from "./code.js";
import { FORMULAS, drawFormulas, loadFormulas } from "./formulas.js";
import { MARK } from "./marks.js";

export { copyCode };

const TAGS = [
  ..."p br strong em b i del s sub sup code pre ul ol li blockquote h1 h2 h3 h4 h5 h6 hr a kbd mark input".split(" "),
  ..."table thead tbody tr th td".split(" "),
];
const ATTRIBUTES = ["href", "title", "start", "align", "class", "type", "checked", "disabled"];

/** The tags that may stand in Markdown, as they are and without attributes; every other is text. */
const BARE_TAG = /^<\/?(?:br|b|i|s|em|strong|sub|sup|kbd|mark|del)\s*\/?>$/i;

const LONGEST_TEXT = 200_000;
const LONGEST_BLOCK = 20_000;
const LONGEST_TABLE = 12_000;
/** So many signs that may begin something make `marked` look ahead for a second or more. */
const MOST_SIGNS = 2000;
const SHORT = 4000;
const PIECE = 4000;
/** Lists and quotes in each other, on one line, deeper than anybody writes. */
const DEEP = /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])[ \t])){20}/m;
const SIGNS = /[_*[\]<`~$\\@]/g;
const TURNS = /[\u202A-\u202E\u2066-\u2069]/g;

let libraries = null;

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

const RENDERER = {
  html({ text, block }) {
    if (BARE_TAG.test(text.trim())) {
      return text;
    }
    return block ? `<p>${escape(text.trim()).replace(/\n/g, "<br>")}</p>` : escape(text);
  },
  image({ href, text }) {
    const words = interpolate(gettext("Image: %(name)s"), { name: text || href });
    return `<a class="image-link" href="${escape(href.replace(MARK, ""))}">${escape(words)}</a>`;
  },
};

/** Fetch the libraries without which nothing below works. */
export async function loadLibraries() {
  const [{ Marked }] = await Promise.all([import("../../vendor/marked/marked.js"), import("../../vendor/dompurify/purify.js")]);
  const marked = new Marked({ gfm: true, async: false, renderer: RENDERER, extensions: FORMULAS });
  libraries = { marked, purify: globalThis.DOMPurify };
}

function clean(tokens) {
  libraries.marked.walkTokens(tokens, (token) => {
    if (token.type === "link") {
      // An address written bare swallows a mark that follows it.
      token.href = token.href.replace(MARK, "");
    } else if (token.type === "heading") {
      // The page's own headings stand above those of an answer.
      token.depth = Math.min(6, token.depth + 2);
    }
  });
  return tokens;
}

const plainToken = (raw) => ({ type: "plain", raw });

function lexed(source) {
  try {
    return clean([...libraries.marked.lexer(source)]);
  } catch {
    return [plainToken(source)];
  }
}

function isTooMuch(part) {
  return part.length > LONGEST_BLOCK || DEEP.test(part) || (part.length > SHORT && (part.match(SIGNS)?.length ?? 0) > MOST_SIGNS);
}

/** The text in stretches of Markdown and of what is too long or too deep to be read as such: [{text, isPlain}]. */
function stretches(source) {
  if (source.length <= SHORT && !DEEP.test(source)) {
    return [{ text: source, isPlain: false }];
  }
  const found = [];
  const add = (text, isPlain) => {
    if (text && found.at(-1)?.isPlain === isPlain) {
      found.at(-1).text += text;
    } else if (text) {
      found.push({ text, isPlain });
    }
  };
  let isFenced = false;
  for (const part of source.slice(0, LONGEST_TEXT).split(/(?<=\n[ \t]*\n)/)) {
    const fences = part.match(/^ {0,3}(?:`{3,}|~{3,})/gm)?.length ?? 0;
    if (isFenced || fences) {
      add(part, false);
      isFenced = isFenced !== (fences % 2 === 1);
    } else if (/^ {0,3}\|/.test(part) && part.length > LONGEST_TABLE) {
      const cut = part.lastIndexOf("\n", LONGEST_TABLE) + 1;
      add(part.slice(0, cut), false);
      add(part.slice(cut), true);
    } else {
      add(part, isTooMuch(part));
    }
  }
  add(source.slice(LONGEST_TEXT), true);
  return found;
}

const isBlock = (token) => token.type !== "space" && token.type !== "def";
const lengthOf = (tokens) => tokens.reduce((sum, token) => sum + token.raw.length, 0);

/** Reads a text that grows: what stands before its last two blocks is not read again. */
export class BlockReader {
  #source = "";
  #tokens = [];

  /** The blocks of a Markdown source, as tokens of `marked` or {type: "plain", raw}. */
  read(source) {
    // Signs that turn the direction of writing would change what stands around them.
    const text = source.replace(TURNS, "").replace(/\r\n?/g, "\n");
    const kept = this.#keptFor(text);
    const rest = stretches(text.slice(lengthOf(kept)));
    this.#tokens = [...kept, ...rest.flatMap((part) => (part.isPlain ? [plainToken(part.text)] : lexed(part.text)))];
    this.#source = text;
    return this.#tokens.filter(isBlock);
  }

  #keptFor(text) {
    const tokens = this.#tokens;
    if (tokens.some((token) => token.type === "def") || lengthOf(tokens) !== this.#source.length) {
      return [];
    }
    let last = tokens.length;
    for (let left = 2; last > 0 && left > 0; ) {
      last -= 1;
      left -= isBlock(tokens[last]) ? 1 : 0;
    }
    const kept = tokens.slice(0, last);
    return text.startsWith(this.#source.slice(0, lengthOf(kept))) ? kept : [];
  }
}

function plainNodes(text) {
  const box = document.createElement("div");
  box.className = "plain";
  for (let from = 0; from < text.length; from += PIECE) {
    const piece = document.createElement("div");
    piece.className = "plain__piece";
    piece.textContent = text.slice(from, from + PIECE);
    box.append(piece);
  }
  return box;
}

function dressLinks(fragment) {
  for (const link of fragment.querySelectorAll("a")) {
    if (!link.hasAttribute("href")) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
}

function dressTables(fragment) {
  for (const table of fragment.querySelectorAll("table")) {
    const scroller = document.createElement("div");
    scroller.className = "table-wrap";
    scroller.tabIndex = 0;
    table.replaceWith(scroller);
    scroller.append(table);
  }
}

function dressTasks(fragment) {
  for (const box of fragment.querySelectorAll("input")) {
    box.setAttribute("aria-label", box.checked ? gettext("Done") : gettext("To do"));
    box.closest("li")?.classList.add("task");
  }
}

/** Each block reads in the direction of its own words: an answer may quote a document of another one. */
function dressDirections(fragment) {
  for (const block of fragment.children) {
    block.dir ||= "auto";
  }
}

/** A block as nodes: {nodes, waits}. `waits` is the promise of a library without which it is not yet as it will be, or
 * null. */
export function renderBlock(token) {
  const { marked, purify } = libraries;
  if (token.type === "plain") {
    const box = plainNodes(token.raw);
    replaceMarks(box);
    return { nodes: [box], waits: null };
  }
  const fragment = purify.sanitize(marked.parser([token]), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    ADD_URI_SAFE_ATTR: ["align", "start", "type"],
    RETURN_DOM_FRAGMENT: true,
  });
  dressLinks(fragment);
  dressTables(fragment);
  dressTasks(fragment);
  const missing = [...fragment.querySelectorAll("pre")].map((pre) => dressCode(pre, purify)).filter(Boolean).map(loadGrammar);
  if (!drawFormulas(fragment, purify)) {
    missing.push(loadFormulas());
  }
  replaceMarks(fragment);
  dressDirections(fragment);
  return {
    nodes: [...fragment.childNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE || node.data.trim()),
    waits: missing.length ? Promise.all(missing) : null,
  };
}
