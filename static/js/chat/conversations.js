/**
 * The list of conversations in the sidebar. The server draws it; after a change here or on another page of this browser
 * it is fetched and drawn anew, with the focus and the place where they were. It goes on as it is scrolled.
 */

import { setChoice } from "../cookies.js";
import { getText } from "../http.js";
import { toast } from "../toasts.js";
import { onChange } from "./changes.js";

const LEFT = "conversations-deleted";
const STALE_MS = 60000;
const SOON_MS = 150;

const list = document.querySelector("[data-conversation-list]");
const scroller = list?.closest("[data-conversations]");

/** Ids of conversations and folders on their way out: their rows are not shown. */
const going = new Set(JSON.parse(sessionStorage.getItem(LEFT) ?? "[]"));
sessionStorage.removeItem(LEFT);

let drawnAt = Date.now();
let timer = 0;
let drawing = null;
let asked = 0;

const further = new IntersectionObserver((entries) => entries.filter((one) => one.isIntersecting).forEach((one) => showMore(one.target, true)), {
  root: scroller,
  rootMargin: "300px",
});

/** The row of a conversation in the sidebar. */
export function rowOf(id) {
  return list?.querySelector(`[data-conversation="${id}"]`);
}

/** The folders in their order, as {id, name}. */
export function folders() {
  return [...(list?.querySelectorAll("[data-folder]") ?? [])].map(({ dataset }) => ({ id: dataset.folder, name: dataset.name }));
}

/** Show these rows no more, or again. */
export function hideRows(ids, isHidden) {
  ids.forEach((id) => (isHidden ? going.add(id) : going.delete(id)));
  settle();
}

/** Hide what goes on the next page too: its list may be on its way already. */
export function keepHidden() {
  sessionStorage.setItem(LEFT, JSON.stringify([...going]));
}

/** Show a conversation's new title. */
export function retitleConversation(id, title) {
  const row = rowOf(id);
  if (row && row.dataset.title !== title) {
    row.dataset.title = title;
    row.querySelector(".truncate").textContent = title;
  }
}

function settle() {
  for (const row of document.querySelectorAll("li[data-conversation]")) {
    row.hidden = going.has(row.dataset.conversation);
  }
  for (const folder of list?.querySelectorAll("[data-folder]") ?? []) {
    folder.querySelector(".nav__row").hidden = going.has(folder.dataset.folder);
  }
  for (const link of list?.querySelectorAll("li > a") ?? []) {
    if (link.pathname === location.pathname) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
  for (const group of list?.querySelectorAll("[data-loose]") ?? []) {
    group.hidden = ![...group.querySelectorAll("li")].some((row) => !row.hidden);
  }
  further.disconnect();
  list?.querySelectorAll("[data-more-by-itself]").forEach((button) => further.observe(button));
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/** Where the focus is in the list, as a selector of what will stand in its place. */
function focused() {
  const element = document.activeElement;
  const holder = list.contains(element) ? element.closest("[data-conversation], [data-folder]") : null;
  if (!holder) {
    return null;
  }
  const { conversation, folder } = holder.dataset;
  const place = conversation ? `[data-conversation="${conversation}"]` : `[data-folder="${folder}"] > .nav__row`;
  return `${place} > ${element.matches(".nav__more") ? ".nav__more" : ".nav__link"}`;
}

async function draw() {
  const mine = asked;
  const shown = list.querySelectorAll("[data-loose] li").length;
  const content = parsed(await getText(`${list.dataset.listUrl}?shown=${shown}`));
  const fresh = content.querySelector("[data-conversation-list]");
  // Without one, the reader is signed out: the next click leads to where one signs in. A list from before a change that
  // was made meanwhile is not shown: the one from after it is on its way.
  if (!fresh || mine !== asked) {
    return;
  }
  const focus = focused();
  const { scrollTop } = scroller;
  list.replaceChildren(...fresh.childNodes);
  drawnAt = Date.now();
  settle();
  scroller.scrollTop = scrollTop;
  if (focus) {
    list.querySelector(focus)?.focus({ preventScroll: true });
  }
}

/** Leave the list as a script has just shown it: what was asked for before is out of date. A `redraw` follows. */
export function supersede() {
  clearTimeout(timer);
  asked += 1;
}

/** Draw the list anew, soon: several changes at once are one. */
export function redraw() {
  supersede();
  timer = setTimeout(async () => {
    await drawing;
    // A list that cannot be fetched stays as it is; the next change or look at the page tries again.
    drawing = draw().catch(() => {});
  }, SOON_MS);
}

function append(button, content) {
  for (const group of content.querySelectorAll("[data-group]")) {
    const there = list.querySelector(`[data-group="${group.dataset.group}"] .nav__rows`);
    const rows = [...group.querySelectorAll("li")].filter((row) => !rowOf(row.dataset.conversation));
    if (there) {
      there.append(...rows);
    } else if (rows.length) {
      button.before(group);
    }
  }
  const next = content.querySelector("[data-more-by-itself]");
  button.replaceWith(...(next ? [next] : []));
}

function appendToFolder(button, content) {
  const item = button.closest("li");
  const rows = [...content.querySelectorAll("li")].filter((row) => !row.dataset.conversation || !rowOf(row.dataset.conversation));
  item.replaceWith(...rows);
  rows[0]?.querySelector("a, button")?.focus();
}

async function showMore(button, isByItself) {
  if (button.ariaBusy === "true") {
    return;
  }
  button.ariaBusy = "true";
  const { more: cursor, folderId } = button.dataset;
  const wanted = new URLSearchParams(folderId ? { cursor, folder: folderId } : { cursor });
  try {
    const content = parsed(await getText(`${list.dataset.moreUrl}?${wanted}`));
    (folderId ? appendToFolder : append)(button, content);
    settle();
  } catch (error) {
    button.ariaBusy = "false";
    further.unobserve(button);
    if (!isByItself) {
      toast(error.message, { kind: "bad" });
    }
  }
}

function keepTimeZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if (zone && !document.cookie.split("; ").includes(`timezone=${zone}`)) {
    setChoice("timezone", zone);
    redraw();
  }
}

if (list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (button) {
      showMore(button, false);
    }
  });
  onChange(redraw);
  document.addEventListener("visibilitychange", () => {
    // "Today" may be yesterday by now, and other devices have added theirs.
    if (!document.hidden && Date.now() - drawnAt > STALE_MS) {
      redraw();
    }
  });
  settle();
  keepTimeZone();
}
