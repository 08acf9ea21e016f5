/**
 * An answer's Markdown on the page: sanitised, chips in place, and changed only where the text changed.
 *
 * Each top-level block is rendered on its own and compared with what stands there, so a growing answer touches its
 * last paragraph only: nothing flickers, a selection above stays, a focused chip keeps the focus.
 */

import { settled } from "./growing.js";
import { markCitations } from "./marks.js";
import { morph, sameElement } from "./morph.js";

let rendering = null;
let loading = null;

async function load() {
  const module = await import("./rendering.js");
  await module.loadLibraries();
  rendering = module;
}

/** Fetch what turns Markdown into nodes; the same promise for everybody who asks. */
export function loadMarkdown() {
  loading ??= load();
  return loading;
}

/** A text that takes longer than this to draw is drawn less often while it grows, a third of the time at most. */
const SLOW_MS = 12;

/** The body of one answer. */
export class AnswerBody {
  #element;
  #makeChip;
  #chips = new Map();
  #blocks = [];
  #reader = null;
  #last = null;
  #rest = 0;
  #timer = 0;
  #whenDrawn;

  /** `makeChip(citation)` gives the element of a citation, called once for each; `whenDrawn()` is called whenever the
   * page has been changed. */
  constructor(element, makeChip, whenDrawn = () => {}) {
    this.#element = element;
    this.#makeChip = makeChip;
    this.#whenDrawn = whenDrawn;
    element.addEventListener("click", (event) => rendering?.copyCode(event));
  }

  /** Show the text with its citations. While `running`, only what will stay as it is. `sentences` are those with a
   * state. */
  update(text, citations, running, sentences = []) {
    this.#last = [text, citations, running, sentences];
    if (!rendering) {
      this.#element.textContent = text;
      return;
    }
    if (running && performance.now() < this.#rest) {
      this.#timer ||= setTimeout(() => this.#again(), this.#rest - performance.now());
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = 0;
    const began = performance.now();
    this.#draw(running ? settled(text) : text, citations, sentences);
    const took = performance.now() - began;
    this.#rest = took > SLOW_MS ? began + 3 * took : 0;
  }

  #again() {
    this.#timer = 0;
    this.#rest = 0;
    if (this.#last) {
      this.update(...this.#last);
    }
  }

  #draw(shown, citations, sentences) {
    this.#reader ??= new rendering.BlockReader();
    const blocks = this.#reader.read(markCitations(shown, citations, sentences));
    if (!this.#blocks.length) {
      this.#element.textContent = "";
    }
    blocks.forEach((token, index) => this.#updateBlock(index, token));
    for (const block of this.#blocks.splice(blocks.length)) {
      block.nodes.forEach((node) => node.remove());
    }
    this.#placeChips(citations);
    this.#whenDrawn();
  }

  #render(token) {
    const { nodes, waits } = rendering.renderBlock(token);
    const block = { raw: token.raw, nodes, waits };
    waits?.then(
      () => {
        if (block.waits === waits) {
          block.raw = null;
          this.#again();
        }
      },
      // Without its library it stays as it was written.
      () => {},
    );
    return block;
  }

  #updateBlock(index, token) {
    const there = this.#blocks[index];
    if (there?.raw === token.raw) {
      return;
    }
    const fresh = this.#render(token);
    if (!there) {
      this.#element.append(...fresh.nodes);
      this.#blocks.push(fresh);
      return;
    }
    this.#blocks[index] = fresh;
    if (there.nodes.length === 1 && fresh.nodes.length === 1 && sameElement(there.nodes[0], fresh.nodes[0])) {
      morph(there.nodes[0], [...fresh.nodes[0].childNodes]);
      fresh.nodes = there.nodes;
      return;
    }
    const after = this.#blocks.slice(index + 1).find((block) => block.nodes.length)?.nodes[0] ?? null;
    there.nodes.forEach((node) => node.remove());
    fresh.nodes.forEach((node) => this.#element.insertBefore(node, after));
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

  #between(from, to) {
    if (!from?.isConnected || !to?.isConnected) {
      return null;
    }
    const range = new Range();
    range.setStartAfter(from);
    range.setEndBefore(to);
    return range;
  }

  /** The range of the page's text that citation `index` covers, or null. */
  rangeOf(index) {
    return this.#between(this.#element.querySelector(`[data-from="${index}"]`), this.#chips.get(index));
  }

  /** Where sentence `index` stands: its range and the element at its end; null where the page has no room for it. */
  sentenceAt(index) {
    const anchor = this.#element.querySelector(`[data-sentence-end="${index}"]`);
    const range = this.#between(this.#element.querySelector(`[data-sentence="${index}"]`), anchor);
    return range && { range, anchor };
  }
}
