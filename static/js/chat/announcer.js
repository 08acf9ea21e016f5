/** What a screen reader hears of an answer: whole sentences as they are finished, and how it ended. */

import { gettext } from "../i18n.js";
import { MARK } from "./marks.js";

const EVERY_MS = 1200;

/** The part of `text` after `from` that ends with a finished sentence, as [sentences, new position]. Pure. */
export function finishedSentences(text, from) {
  const rest = text.slice(from);
  const ends = [...rest.matchAll(/[.!?…。؟！？](?=\s)|\n{2,}/g)];
  if (!ends.length) {
    return ["", from];
  }
  const last = ends.at(-1);
  const length = last.index + last[0].length;
  return [rest.slice(0, length).trim(), from + length];
}

function plain(markdown) {
  return markdown
    .replace(MARK, "")
    .replace(/[*_`#>|~]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** How an answer ended, in a sentence. */
export function endingWords(answer) {
  const words = {
    complete: gettext("The answer is complete."),
    refused: gettext("The documents do not answer this."),
    failed: answer.error?.message,
    stopped: gettext("The answer was stopped."),
    interrupted: gettext("The answer was interrupted."),
  };
  return words[answer.status] ?? "";
}

/** Speaks through one aria-live element. */
export class Announcer {
  #region;
  #queue = [];
  #timer = 0;
  #positions = new Map();

  constructor(region) {
    this.#region = region;
  }

  /** Say a sentence after those that wait. */
  say(sentence) {
    this.#queue.push(sentence);
    this.#timer ||= setTimeout(() => this.#speak(), 0);
  }

  /** Say what has been finished since the last time in the text of answer `id`; with `ended`, all of it. */
  follow(id, text, ended) {
    const [sentences, position] = finishedSentences(ended ? `${text}\n\n` : text, this.#positions.get(id) ?? 0);
    this.#positions.set(id, position);
    if (sentences) {
      this.say(plain(sentences));
    }
  }

  /** Take the answer's text so far as heard. */
  skip(id, text) {
    this.#positions.set(id, text.length);
  }

  #speak() {
    this.#region.textContent = this.#queue.splice(0).join(" ");
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#queue.length) {
        this.#speak();
      }
    }, EVERY_MS);
  }
}
