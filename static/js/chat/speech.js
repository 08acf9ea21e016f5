/** Reading aloud with the browser's own voices: sentence by sentence, the one that is read marked on the page. */

import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { languageOf, sentencesOf } from "./spoken.js";

const HIGHLIGHT = "spoken";

let reading = null;

/** Whether this browser can read aloud: it has the interface, and a voice. */
export function canSpeak() {
  return Boolean(globalThis.speechSynthesis?.getVoices().length);
}

/** Call `changed` when the browser's voices are there, or others are. */
export function onVoices(changed) {
  globalThis.speechSynthesis?.addEventListener?.("voiceschanged", changed);
}

function voiceFor(language) {
  const fitting = speechSynthesis.getVoices().filter((voice) => voice.lang.toLowerCase().split(/[-_]/)[0] === language);
  return fitting.find((voice) => voice.default) ?? fitting.find((voice) => voice.localService) ?? fitting[0] ?? null;
}

function mark(range) {
  if (!globalThis.CSS?.highlights) {
    return;
  }
  CSS.highlights.delete(HIGHLIGHT);
  if (range) {
    CSS.highlights.set(HIGHLIGHT, new Highlight(range));
  }
}

/** Reads what is drawn in `root`; `changed()` is called when it begins and when it ends. One at a time on a page. */
export class ReadAloud {
  #root;
  #changed;
  #language = "";
  #sentences = [];

  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
  }

  get isSpeaking() {
    return reading === this;
  }

  /** What the button says now. */
  get words() {
    return this.isSpeaking ? gettext("Stop reading") : gettext("Read aloud");
  }

  toggle() {
    if (this.isSpeaking) {
      this.stop();
    } else {
      this.#start();
    }
  }

  stop() {
    if (this.isSpeaking) {
      reading = null;
      speechSynthesis.cancel();
      mark(null);
      this.#changed();
    }
  }

  #start() {
    reading?.stop();
    const text = this.#root.textContent;
    this.#language = languageOf(text, document.documentElement.lang.split("-")[0] || "en");
    this.#sentences = sentencesOf(this.#root, this.#language);
    reading = this;
    this.#changed();
    this.#next();
  }

  // One utterance for each sentence: a long one is cut off by some browsers.
  #next() {
    const sentence = this.#sentences.shift();
    if (!sentence || !this.isSpeaking) {
      this.stop();
      return;
    }
    const utterance = new SpeechSynthesisUtterance(sentence.text);
    utterance.lang = this.#language;
    utterance.voice = voiceFor(this.#language);
    utterance.addEventListener("end", () => this.isSpeaking && this.#next());
    utterance.addEventListener("error", (event) => this.#failed(event.error));
    mark(sentence.range);
    this.#keepInSight(sentence.range);
    speechSynthesis.speak(utterance);
  }

  #failed(error) {
    if (this.isSpeaking && error !== "canceled" && error !== "interrupted") {
      this.stop();
      toast(gettext("The browser could not read this aloud."), { kind: "warn" });
    }
  }

  #keepInSight(range) {
    const { top, bottom } = range.getBoundingClientRect();
    if (bottom > innerHeight - 140 || top < 60) {
      range.startContainer.parentElement?.scrollIntoView({ block: "center", behavior: "instant" });
    }
  }
}

addEventListener("pagehide", () => reading?.stop());
