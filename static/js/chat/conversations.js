/** The list of conversations in the sidebar: a new one on top, renaming, deleting. */

import { openDialog } from "../dialogs.js";
import { postJson } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { toast } from "../toasts.js";

const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;
const list = document.querySelector("[data-conversation-list]");
const menu = document.querySelector("[data-conversation-menu]");
let chosen = null;

function rowOf(id) {
  return list?.querySelector(`[data-conversation="${id}"]`);
}

function show(row, title) {
  row.querySelector(".truncate").textContent = title;
  const words = interpolate(gettext("Rename or delete %(title)s"), { title });
  row.querySelector("[data-conversation-more]").setAttribute("aria-label", words);
}

/** Put a conversation that has just begun on top, as the current page. */
export function addConversation({ id, title }) {
  if (!list || rowOf(id)) {
    return;
  }
  const row = document.querySelector("[data-conversation-template]").content.firstElementChild.cloneNode(true);
  row.dataset.conversation = id;
  row.querySelector("a").href = list.dataset.url.replace(NIL, id);
  show(row, title);
  list.querySelector("[data-conversations-empty]")?.remove();
  list.querySelectorAll("[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
  row.querySelector("a").setAttribute("aria-current", "page");
  list.querySelector(".nav__title").after(row);
}

/** Show a conversation's new title. */
export function retitleConversation(id, title) {
  const row = rowOf(id);
  if (row) {
    show(row, title);
  }
}

async function rename(event) {
  event.preventDefault();
  const form = event.target;
  const { id } = chosen;
  try {
    const data = new FormData(form);
    const renamed = await postJson(list.dataset.renameUrl.replace(NIL, id), data);
    retitleConversation(id, renamed.title);
    form.closest("dialog").close();
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

if (list && menu) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-conversation-more]");
    if (button) {
      const row = button.closest("[data-conversation]");
      chosen = { id: row.dataset.conversation, title: row.querySelector(".truncate").textContent };
      const at = button.getBoundingClientRect();
      menu.style.top = `${Math.min(at.bottom + 2, innerHeight - 110)}px`;
      menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - 220))}px`;
    } else if (event.target.closest("[data-conversation-rename]")) {
      menu.hidePopover();
      document.querySelector("[data-rename-form]").elements.title.value = chosen.title;
      openDialog("rename-conversation");
    } else if (event.target.closest("[data-conversation-delete]")) {
      menu.hidePopover();
      document.querySelector("#delete-conversation form").action = list.dataset.deleteUrl.replace(NIL, chosen.id);
      openDialog("delete-conversation");
    }
  });
  document.querySelector("[data-rename-form]").addEventListener("submit", rename);
}
