/**
 * Search and commands (Ctrl/Cmd+K): one's own conversations by the words in them, found by the server as one types, and
 * what can be done from anywhere. The focus stays in the box; arrows go through the list, Enter takes what is marked.
 */

import { h, icon } from "./dom.js";
import { getJson } from "./http.js";
import { gettext, interpolate, locale, ngettext } from "./i18n.js";

const PAUSE_MS = 120;
const dialog = document.getElementById("palette");
const input = dialog.querySelector("[data-palette-input]");
const found = dialog.querySelector("[data-palette-found]");
const commands = dialog.querySelector("[data-palette-commands]");
const note = dialog.querySelector("[data-palette-note]");

let timer = 0;
let request = null;
let active = null;

function options() {
  return [...dialog.querySelectorAll("[role=option]:not([hidden])")];
}

function activate(option) {
  active?.setAttribute("aria-selected", "false");
  active = option ?? null;
  active?.setAttribute("aria-selected", "true");
  active?.scrollIntoView({ block: "nearest" });
  if (active) {
    input.setAttribute("aria-activedescendant", active.id);
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function pieces(parts) {
  return parts.map(({ text, match }) => (match ? h("mark", {}, text) : text));
}

const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });

function makeOption(hit, place) {
  const badge = hit.is_archived ? h("span", { class: "badge" }, gettext("Archived")) : null;
  const time = h("time", { class: "palette__when", dateTime: hit.at }, dates.format(new Date(hit.at)));
  return h(
    "div",
    { class: "palette__option", role: "option", id: `palette-found-${place}`, "aria-selected": "false", "data-href": hit.url },
    icon("assistant"),
    h(
      "div",
      { class: "palette__what" },
      h("div", { class: "palette__line" }, h("span", { class: "truncate", dir: "auto" }, pieces(hit.title)), badge, time),
      hit.excerpt.length ? h("div", { class: "palette__excerpt", dir: "auto" }, pieces(hit.excerpt)) : null,
    ),
  );
}

function say(text, isBad = false) {
  note.textContent = text;
  note.classList.toggle("palette__note--bad", isBad);
}

function show(results, query) {
  found.querySelector("[data-palette-title]").textContent = query ? gettext("Conversations") : gettext("Recent");
  found.querySelectorAll("[role=option]").forEach((option) => option.remove());
  found.append(...results.map(makeOption));
  found.hidden = !results.length;
  const count = interpolate(ngettext("%(n)s conversation found", "%(n)s conversations found", results.length), { n: results.length });
  const nothing = interpolate(gettext("No conversation holds “%(query)s”."), { query });
  say(query ? (results.length ? count : nothing) : "", query && !results.length);
  activate(options()[0]);
}

function filterCommands(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  let isAny = false;
  for (const option of commands.querySelectorAll("[role=option]")) {
    const text = `${option.textContent} ${option.dataset.also ?? ""}`.toLowerCase();
    option.hidden = !words.every((word) => text.includes(word));
    isAny ||= !option.hidden;
  }
  commands.hidden = !isAny;
}

async function search() {
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  const query = input.value.trim();
  const asked = new URLSearchParams({ q: query });
  try {
    const { results } = await getJson(`${dialog.dataset.searchUrl}?${asked}`, 10000, { signal });
    if (!signal.aborted) {
      show(results, query);
    }
  } catch (error) {
    if (!signal.aborted) {
      say(error.message, true);
    }
  }
}

function typed() {
  filterCommands(input.value);
  if (!active || active.hidden) {
    activate(options()[0]);
  }
  clearTimeout(timer);
  timer = setTimeout(search, PAUSE_MS);
}

function take(option, isApart) {
  const { href, press } = option.dataset;
  if (href && isApart) {
    open(href, "_blank", "noopener");
    return;
  }
  dialog.close();
  if (href) {
    location.assign(href);
  } else {
    document.querySelector(press)?.click();
  }
}

function key(event) {
  const all = options();
  const at = all.indexOf(active);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    activate(all.at((at + (event.key === "ArrowDown" ? 1 : -1)) % all.length));
  } else if (event.key === "Enter" && !event.isComposing && active) {
    event.preventDefault();
    take(active, event.ctrlKey || event.metaKey);
  }
}

/** The palette was opened: look for what is typed by now, or show what there is. */
export function begin() {
  say("");
  filterCommands(input.value);
  activate(options()[0]);
  search();
}

input.addEventListener("input", typed);
input.addEventListener("keydown", key);
dialog.addEventListener("close", () => {
  clearTimeout(timer);
  request?.abort();
});
dialog.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) {
    take(option, event.ctrlKey || event.metaKey);
  }
});
dialog.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option !== active) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    active.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", active.id);
  }
});
