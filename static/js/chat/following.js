/**
 * Whether the view follows an answer that grows. It does while the reader is at the end; any scroll upwards ends that,
 * and a button leads back.
 */

import { h, icon, prefersStillness } from "../dom.js";
import { gettext } from "../i18n.js";

const AT_END_PX = 48;
const OURS_MS = 900;
const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

/** Follows the end of `list`; the button stands above `composer`. */
export class Follower {
  #list;
  #composer;
  #button;
  #isFollowing = false;
  #isGrowing = false;
  #top = scrollY;
  #oursUntil = 0;
  #frame = 0;

  constructor(list, composer) {
    this.#list = list;
    this.#composer = composer;
    const click = () => this.toNewest();
    const button = h("button", { class: "button newest__button", type: "button", on: { click } }, icon("chevron-down", "icon--small"), gettext("To the newest"));
    this.#button = h("div", { class: "newest", hidden: true }, button);
    composer.append(this.#button);
    addEventListener("scroll", () => this.#scrolled(), { passive: true });
    addEventListener("wheel", (event) => event.deltaY < 0 && this.#leave(), { passive: true });
    addEventListener("keydown", (event) => {
      const isWriting = event.target.matches?.("input, textarea, [contenteditable]");
      if (!isWriting && (UPWARDS.has(event.key) || (event.key === " " && event.shiftKey))) {
        this.#leave();
      }
    });
    new ResizeObserver(() => this.#showSoon()).observe(list);
  }

  /** Something was drawn; `isGrowing` says whether an answer is being written. */
  grown(isGrowing) {
    if (this.#isFollowing && (isGrowing || this.#isGrowing)) {
      this.#go("instant");
    }
    if (this.#isGrowing && !isGrowing) {
      this.#isFollowing = false;
    }
    this.#isGrowing = isGrowing;
    this.#showSoon();
  }

  /** What scrolls in `act` is no reader's doing, and the view no longer follows. */
  scrollBy(act) {
    this.#isFollowing = false;
    this.#oursUntil = performance.now() + OURS_MS;
    act();
  }

  /** Go to the end, and stay there while it grows. */
  toNewest() {
    this.#isFollowing = this.#isGrowing;
    this.#go(prefersStillness() ? "instant" : "smooth");
    if (matchMedia("(pointer: fine)").matches) {
      // The button is about to go, and the focus should not go with it. On a phone it would open the keyboard.
      this.#composer.querySelector("textarea")?.focus({ preventScroll: true });
    }
  }

  #go(behavior) {
    this.#oursUntil = performance.now() + (behavior === "smooth" ? OURS_MS : 60);
    scrollTo({ top: document.documentElement.scrollHeight, behavior });
    this.#top = scrollY;
  }

  #leave() {
    this.#isFollowing = false;
    this.#oursUntil = 0;
  }

  #scrolled() {
    const before = this.#top;
    this.#top = scrollY;
    this.#showSoon();
    if (performance.now() < this.#oursUntil) {
      return;
    }
    if (this.#top < before - 1) {
      this.#isFollowing = false;
    } else if (this.#isGrowing && document.documentElement.scrollHeight - innerHeight - this.#top < AT_END_PX) {
      this.#isFollowing = true;
    }
  }

  #showSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const last = this.#list.lastElementChild;
      // Of an answer that is skipped only the box is asked: to measure inside, it would be laid out in every frame.
      const inside = last?.querySelector(".answer__text");
      const isSeen = inside?.checkVisibility({ contentVisibilityAuto: true });
      const end = (isSeen ? inside : last)?.getBoundingClientRect().bottom ?? 0;
      this.#button.hidden = this.#isFollowing || end < this.#composer.getBoundingClientRect().top + AT_END_PX;
    });
  }
}
