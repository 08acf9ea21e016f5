/** The inspector: a document's chunks beside its source. What is chosen on one side is marked on the other. */

import { scrollTo } from "../dom.js";
import { getJson, getText } from "../http.js";
import { formatNumber } from "../i18n.js";
import { toast } from "../toasts.js";
import { act, closeEditor, isEditing, openEditor } from "./chunk_editor.js";

const SEARCH_AFTER_MS = 250;
const MOST_TRIES = 3;
const AHEAD = "600px 0px";

const root = document.querySelector("[data-inspector]");
const source = root.querySelector("[data-source]");
const list = root.querySelector("[data-list-pane]");
const filter = root.querySelector("[data-chunk-filter]");
const narrow = matchMedia("(max-width: 899.98px)");
const pdf = root.querySelector("[data-pdf]") ? import("./pdf.js") : null;

let chosen = null;
let asked = 0;
let changes = 0;

const fragment = (html) => document.createRange().createContextualFragment(html);
const cards = () => [...list.querySelectorAll("[data-chunk]")];
const cardOf = (ordinal) => list.querySelector(`[data-ordinal="${ordinal}"]`);

// The two panes of a narrow screen
function showPane(name) {
  root.dataset.shown = name;
  for (const button of root.querySelectorAll("[data-show-pane]")) {
    button.setAttribute("aria-pressed", String(button.dataset.showPane === name));
  }
}

// The source
const piecesOf = (ordinal) => [...source.querySelectorAll(`[data-chunks~="${ordinal}"]`)];

function markPieces(ordinal) {
  source.querySelectorAll("[data-lit]").forEach((piece) => piece.removeAttribute("data-lit"));
  const pieces = piecesOf(ordinal);
  pieces.forEach((piece) => piece.setAttribute("data-lit", ""));
  return pieces[0] ?? null;
}

async function showText(query) {
  source.replaceChildren(fragment(await getText(`${root.dataset.textUrl}?${new URLSearchParams(query)}`)));
}

/** Mark the card's span in the source and bring it into sight. */
async function markSource(card) {
  const { ordinal, start, end } = card.dataset;
  try {
    if (pdf) {
      await (await pdf).markSpan(`${root.dataset.boxesUrl}?${new URLSearchParams({ start, end })}`);
      return;
    }
    if (!piecesOf(ordinal).length) {
      await showText({ at: start });
    }
    if (card.dataset.ordinal !== String(chosen)) {
      return;
    }
    const first = markPieces(ordinal);
    if (first) {
      scrollTo(first);
    }
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

// The list
function setAddress() {
  const query = new URLSearchParams(new FormData(filter));
  for (const [name, value] of [...query]) {
    if (!value) {
      query.delete(name);
    }
  }
  if (chosen !== null) {
    query.set("chunk", chosen);
  }
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

function listQuery(more) {
  return `${root.dataset.list}?${new URLSearchParams({ ...Object.fromEntries(new FormData(filter)), ...more })}`;
}

async function fetchRun(more) {
  return fragment(await getText(listQuery(more))).querySelector("[data-run]");
}

function showTotal(run) {
  document.querySelector("[data-total]").textContent = formatNumber(Number(run.dataset.total));
}

/** Show the cards from `first` on in the place of all that are shown, as they are once no change is on its way. */
async function showFrom(first) {
  asked += 1;
  const mine = asked;
  let run = null;
  for (let tries = 0, known = null; known !== changes && mine === asked && tries < MOST_TRIES; tries += 1) {
    known = changes;
    run = await fetchRun({ from: first });
  }
  if (mine === asked) {
    list.replaceChildren(run);
    list.scrollTop = 0;
    showTotal(run);
    watchEnds();
  }
}

async function extend(run, where) {
  const first = run.dataset[where];
  if (!first || run.dataset.busy) {
    return;
  }
  run.dataset.busy = where;
  try {
    const more = await fetchRun({ from: first });
    const added = [...more.querySelectorAll("[data-chunk]")];
    const known = new Set(cards().map((card) => card.dataset.ordinal));
    const fresh = added.filter((card) => !known.has(card.dataset.ordinal));
    const holder = run.querySelector("[data-cards]");
    if (where === "next") {
      holder.append(...fresh);
    } else {
      const height = list.scrollHeight;
      holder.prepend(...fresh);
      list.scrollTop += list.scrollHeight - height;
    }
    run.dataset[where] = more.dataset[where];
    watchEnds();
  } catch (error) {
    toast(error.message, { kind: "bad" });
  } finally {
    delete run.dataset.busy;
  }
}

const ends = new IntersectionObserver(
  (entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      const run = entry.target.closest("[data-run]");
      if (run) {
        extend(run, entry.target === cards()[0] ? "previous" : "next");
      }
    }
  },
  { root: list, rootMargin: AHEAD },
);

function watchEnds() {
  ends.disconnect();
  const shown = cards();
  const run = list.querySelector("[data-run]");
  if (shown.length && run.dataset.previous) {
    ends.observe(shown[0]);
  }
  if (shown.length > 1 && run.dataset.next) {
    ends.observe(shown.at(-1));
  }
}

/** Choose a card: mark it, and its span in the source unless the source was where it was chosen. */
function choose(card, { fromSource = false, focus = true } = {}) {
  for (const each of cards()) {
    const isChosen = each === card;
    each.toggleAttribute("data-chosen", isChosen);
    each.tabIndex = isChosen ? 0 : -1;
    if (isChosen) {
      each.setAttribute("aria-current", "true");
    } else {
      each.removeAttribute("aria-current");
    }
  }
  chosen = Number(card.dataset.ordinal);
  if (focus) {
    card.focus({ preventScroll: true });
  }
  if (fromSource) {
    scrollTo(card, "nearest");
  } else {
    card.scrollIntoView({ block: "nearest" });
  }
  if (!fromSource || pdf) {
    markSource(card);
  } else {
    markPieces(card.dataset.ordinal);
  }
  setAddress();
}

/** Choose the chunk with this ordinal, loading it when it is not shown. */
async function chooseOrdinal(ordinal, options) {
  if (!cardOf(ordinal)) {
    filter.reset();
    filter.elements.q.value = filter.elements.state.value = "";
    await showFrom(ordinal);
  }
  const card = cardOf(ordinal);
  if (card) {
    choose(card, options);
  }
}

function step(by) {
  const shown = cards();
  const at = shown.findIndex((card) => card.dataset.ordinal === String(chosen));
  const next = shown[at < 0 ? 0 : at + by];
  if (next) {
    choose(next);
  }
}

// Clicks
list.addEventListener("click", (event) => {
  const card = event.target.closest("[data-chunk]");
  if (!card || event.target.closest("summary, form")) {
    return;
  }
  const action = event.target.closest("[data-act]");
  if (action) {
    act(card, action.dataset.act);
  } else if (event.target.closest("[data-edit]")) {
    choose(card, { focus: false });
    openEditor(card);
  } else if (getSelection().isCollapsed || event.target.closest("[data-show]")) {
    choose(card);
    if (event.target.closest("[data-show]") && narrow.matches) {
      showPane("source");
      markSource(card);
    }
  }
});
list.addEventListener("dblclick", (event) => {
  const card = event.target.closest("[data-chunk]");
  if (card?.querySelector("[data-edit]") && !event.target.closest("button, summary, form")) {
    getSelection().removeAllRanges();
    openEditor(card);
  }
});
source.addEventListener("click", async (event) => {
  const pager = event.target.closest("nav.pager a");
  if (pager) {
    event.preventDefault();
    await showText({ part: new URL(pager.href).searchParams.get("part") });
    source.scrollTop = 0;
    return;
  }
  if (!getSelection().isCollapsed) {
    return;
  }
  let ordinal = null;
  const piece = event.target.closest("[data-chunks]");
  try {
    if (piece) {
      // Where two chunks overlap, a second click chooses the other.
      const here = piece.dataset.chunks.split(" ").map(Number);
      ordinal = here[(here.indexOf(chosen) + 1) % here.length];
    } else if (pdf) {
      const point = (await pdf).pointOn(event);
      ordinal = point && (await getJson(`${root.dataset.at}?${new URLSearchParams(point)}`)).ordinal;
    }
    if (ordinal !== null) {
      showPane("chunks");
      await chooseOrdinal(ordinal, { fromSource: true });
    }
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
});
root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-pane]");
  if (button) {
    showPane(button.dataset.showPane);
    const card = cardOf(chosen);
    if (card && button.dataset.showPane === "source") {
      markSource(card);
    }
  }
});

// Keys
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isEditing()) {
    event.preventDefault();
    closeEditor();
    return;
  }
  const busy = event.target.closest("input, textarea, select, dialog, a, button, summary");
  if (busy || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("[data-source]")) {
    return;
  }
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (by) {
    event.preventDefault();
    step(by);
  } else if (event.key === "Enter") {
    const card = cardOf(chosen);
    if (card?.querySelector("[data-edit]")) {
      event.preventDefault();
      openEditor(card);
    }
  }
});

root.addEventListener("chunk-changed", () => {
  changes += 1;
});

// Filter
let timer = 0;
async function filtered() {
  chosen = null;
  setAddress();
  try {
    await showFrom(0);
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}
filter.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(filtered, SEARCH_AFTER_MS);
});
filter.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(timer);
  filtered();
});

watchEnds();
const [firstCard] = cards();
if (root.dataset.chosen && firstCard) {
  choose(firstCard, { focus: false });
} else if (firstCard) {
  firstCard.tabIndex = 0;
}
