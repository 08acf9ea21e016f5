/**
 * An answer's Markdown on the page: sanitised, chips in place, and changed only where the text changed.
 *
 * Each top-level block is rendered on its own and compared with what stands there, so a growing answer touches its
 * last paragraph only: nothing flickers, a selection above stays, a focused chip keeps the focus.
 */

import { MARK, markCitations, wholeWords } from "./marks.js";

const TAGS = [
  ..."p br strong em b i del s sub sup code pre ul ol li blockquote h1 h2 h3 h4 h5 h6 hr a kbd mark".split(" "),
  ..."table thead tbody tr th td".split(" "),
];
const ATTRIBUTES = ["href", "title", "start", "align"];

let libraries = null;
let loading = null;

/** Fetch the Markdown libraries; the same promise for everybody who asks. */
export function loadMarkdown() {
  loading ??= Promise.all([import("../../vendor/marked/marked.js"), import("../../vendor/dompurify/purify.js")]).then(
    ([{ Marked }]) => {
      libraries = { marked: new Marked({ gfm: true, async: false }), purify: globalThis.DOMPurify };
    },
  );
  return loading;
}

function cleanTokens(tokens) {
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

function renderBlock(token) {
  const fragment = libraries.purify.sanitize(libraries.marked.parser([token]), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const scroller = document.createElement("div");
    scroller.className = "table-wrap";
    scroller.tabIndex = 0;
    table.replaceWith(scroller);
    scroller.append(table);
  }
  replaceMarks(fragment);
  return [...fragment.childNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE || node.data.trim());
}

function anchorFor(kind, index) {
  const anchor = document.createElement("span");
  anchor.dataset[kind === "s" ? "from" : "chip"] = index;
  return anchor;
}

/** Turn the marks in the text of `root` into empty elements: [data-from] where a cited span starts, [data-chip] where
 * it ends. */
function replaceMarks(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    texts.push(walker.currentNode);
  }
  for (const text of texts) {
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

function sameElement(old, fresh) {
  if (old.nodeType !== fresh.nodeType) {
    return false;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    return true;
  }
  if (fresh.dataset.chip !== undefined || old.dataset.chip !== undefined) {
    return old.dataset.chip === fresh.dataset.chip;
  }
  return (
    old.tagName === fresh.tagName &&
    old.attributes.length === fresh.attributes.length &&
    [...fresh.attributes].every(({ name, value }) => old.getAttribute(name) === value)
  );
}

/** Make the children of `parent` what `fresh` is, keeping every node that is already so. */
function morph(parent, fresh) {
  const old = [...parent.childNodes];
  fresh.forEach((node, index) => {
    const there = old[index];
    if (!there) {
      parent.append(node);
    } else if (!sameElement(there, node)) {
      there.replaceWith(node);
    } else if (node.nodeType === Node.TEXT_NODE) {
      if (there.data !== node.data) {
        there.data = node.data;
      }
    } else if (node.dataset?.chip === undefined) {
      morph(there, [...node.childNodes]);
    }
  });
  for (const extra of old.slice(fresh.length)) {
    extra.remove();
  }
}

/** The body of one answer. */
export class AnswerBody {
  #element;
  #makeChip;
  #chips = new Map();
  #blocks = [];

  /** `makeChip(citation)` gives the element of a citation; it is called once for each. */
  constructor(element, makeChip) {
    this.#element = element;
    this.#makeChip = makeChip;
  }

  /** Show the text with its citations. While `running`, only whole words are shown. */
  update(text, citations, running) {
    if (!libraries) {
      this.#element.textContent = text;
      return;
    }
    const shown = running ? wholeWords(text) : text;
    const tokens = cleanTokens(libraries.marked.lexer(markCitations(shown, citations)));
    const blocks = tokens.filter((token) => token.type !== "space" && token.type !== "def");
    if (!this.#blocks.length) {
      this.#element.textContent = "";
    }
    blocks.forEach((token, index) => this.#updateBlock(index, token));
    for (const block of this.#blocks.splice(blocks.length)) {
      block.nodes.forEach((node) => node.remove());
    }
    this.#placeChips(citations);
  }

  #updateBlock(index, token) {
    const there = this.#blocks[index];
    if (there?.raw === token.raw) {
      return;
    }
    const fresh = renderBlock(token);
    if (!there) {
      this.#element.append(...fresh);
      this.#blocks.push({ raw: token.raw, nodes: fresh });
      return;
    }
    if (there.nodes.length === 1 && fresh.length === 1 && sameElement(there.nodes[0], fresh[0])) {
      morph(there.nodes[0], [...fresh[0].childNodes]);
      there.raw = token.raw;
      return;
    }
    const after = this.#blocks.slice(index + 1).find((block) => block.nodes.length)?.nodes[0] ?? null;
    there.nodes.forEach((node) => node.remove());
    fresh.forEach((node) => this.#element.insertBefore(node, after));
    this.#blocks[index] = { raw: token.raw, nodes: fresh };
  }

  #chip(citation, index) {
    if (!this.#chips.has(index)) {
      const chip = this.#makeChip(citation);
      chip.dataset.chip = index;
      this.#chips.set(index, chip);
    }
    return this.#chips.get(index);
  }

  #placeChips(citations) {
    citations.forEach((citation, index) => {
      const chip = this.#chip(citation, index);
      const [anchor, ...others] = [...this.#element.querySelectorAll(`[data-chip="${index}"]`)].filter((e) => e !== chip);
      others.forEach((other) => other.remove());
      if (anchor) {
        anchor.replaceWith(chip);
      } else if (!chip.isConnected) {
        // The Markdown around it left no room for the mark: at the end, rather than nowhere.
        (this.#element.lastElementChild ?? this.#element).append(chip);
      }
    });
  }

  /** The chips in the order of the page, each with its citation's index. */
  get chips() {
    return [...this.#element.querySelectorAll("[data-chip]")].map((element) => ({
      element,
      index: Number(element.dataset.chip),
    }));
  }

  /** The range of the page's text that citation `index` covers, or null. */
  rangeOf(index) {
    const from = this.#element.querySelector(`[data-from="${index}"]`);
    const chip = this.#chips.get(index);
    if (!from?.isConnected || !chip?.isConnected) {
      return null;
    }
    const range = new Range();
    range.setStartAfter(from);
    range.setEndBefore(chip);
    return range;
  }
}
