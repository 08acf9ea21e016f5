/** The card beside a chip: the way to the passage, and its text with the cited words marked. It can be hovered, and Esc
 * puts it away. */

import { h } from "../dom.js";
import { editedWord, pathWords, splitAtQuote } from "./places.js";

const SHOW_AFTER_MS = 220;
const HIDE_AFTER_MS = 180;
const EDGE_PX = 12;
const CONTEXT_POINTS = 260;

let card = null;
let timer = 0;
let shownFor = null;

function clip(text, points, fromEnd) {
  const all = Array.from(text);
  if (all.length <= points) {
    return text;
  }
  return fromEnd ? `… ${all.slice(-points).join("").trimStart()}` : `${all.slice(0, points).join("").trimEnd()} …`;
}

function fill(citation, passage) {
  const [before, quote, after] = passage ? splitAtQuote(passage, citation) : ["", citation.quote, ""];
  const path = pathWords({ ...citation, source: passage?.source, heading: passage?.heading });
  const pieces = [
    h("p", { class: "card-hover__path", dir: "auto" }, path),
    citation.edited ? h("p", { class: "card-hover__place" }, editedWord(citation)) : null,
    h(
      "p",
      { class: "card-hover__text", dir: "auto" },
      quote ? clip(before, CONTEXT_POINTS, true) : clip(before, 2 * CONTEXT_POINTS, false),
      quote ? h("mark", {}, quote) : null,
      clip(after, CONTEXT_POINTS, false),
    ),
  ];
  card.replaceChildren(...pieces.filter(Boolean));
}

function place(chip) {
  const at = chip.getBoundingClientRect();
  const size = card.getBoundingClientRect();
  const above = at.top - size.height - 8;
  const top = above >= EDGE_PX ? above : Math.min(at.bottom + 8, innerHeight - size.height - EDGE_PX);
  const centred = at.left + at.width / 2 - size.width / 2;
  card.style.top = `${Math.max(EDGE_PX, top)}px`;
  card.style.left = `${Math.max(EDGE_PX, Math.min(centred, innerWidth - size.width - EDGE_PX))}px`;
}

function ensureCard() {
  if (!card) {
    card = h("div", { class: "card-hover", popover: "manual", role: "tooltip" });
    card.addEventListener("pointerenter", () => clearTimeout(timer));
    card.addEventListener("pointerleave", hideSoon);
    document.body.append(card);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && card.matches(":popover-open")) {
        event.preventDefault();
        hideCard();
      }
    });
    addEventListener("scroll", hideCard, { passive: true });
  }
}

/** Put the card away at once. */
export function hideCard() {
  clearTimeout(timer);
  if (card?.matches(":popover-open")) {
    card.hidePopover();
  }
}

function hideSoon() {
  clearTimeout(timer);
  timer = setTimeout(hideCard, HIDE_AFTER_MS);
}

/** Let the card appear while the chip is pointed at or focused. `lookUp()` gives {citation, passage} when asked, and,
 * while the passage is not known, `fetch()`, which promises it. */
export function attachCard(chip, lookUp) {
  const show = () => {
    const { citation, passage, fetch } = lookUp();
    if (!chip.isConnected || !citation.document_id) {
      return;
    }
    ensureCard();
    fill(citation, passage);
    card.showPopover();
    place(chip);
    shownFor = chip;
    fetch?.().then(
      (found) => {
        if (found && shownFor === chip && card.matches(":popover-open")) {
          fill(citation, found);
          place(chip);
        }
      },
      // The quote is there already.
      () => {},
    );
  };
  const showSoon = (event) => {
    if (event.pointerType === "touch") {
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(show, SHOW_AFTER_MS);
  };
  chip.addEventListener("pointerenter", showSoon);
  chip.addEventListener("pointerleave", hideSoon);
  chip.addEventListener("focus", () => chip.matches(":focus-visible") && showSoon({}));
  chip.addEventListener("blur", hideSoon);
  chip.addEventListener("click", hideCard);
}
