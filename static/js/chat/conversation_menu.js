/** What one does with a conversation: from the menu of its row, of the page's head, and in the archive. */

import { h, icon } from "../dom.js";
import { formOf, postJson } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { closeMenu, openMenu } from "../menus.js";
import { askName } from "../name_dialog.js";
import { toast } from "../toasts.js";
import { doSoon } from "../undo.js";
import { tell } from "./changes.js";
import { folders, hideRows, keepHidden, retitleConversation, rowOf } from "./conversations.js";
import { newFolder } from "./folders.js";

const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;
const menu = document.getElementById("conversation-menu");
const moveMenu = document.getElementById("move-menu");
let chosen = null;
let opener = null;

/** The conversation that an element stands for or stands in. */
function conversationAt(element) {
  const { conversation: id, title, pinned, archived, folderId } = element.closest("[data-conversation]").dataset;
  return { id, title, isPinned: pinned !== undefined, isArchived: archived !== undefined, folder: folderId ?? "" };
}

function address(name, id) {
  return menu.dataset[name].replace(NIL, id);
}

async function post(url, values) {
  try {
    return await postJson(url, formOf(values));
  } catch (error) {
    toast(error.message, { kind: "bad" });
    return null;
  }
}

/** Ask for another title of a conversation. */
export function rename({ id, title }) {
  askName("rename-conversation", {
    value: title,
    save: async (name) => {
      const renamed = await postJson(address("renameUrl", id), formOf({ title: name }));
      retitleConversation(id, renamed.title);
      tell({ id, title: renamed.title });
    },
  });
}

async function pin({ id }, on) {
  const done = await post(address("pinUrl", id), { on });
  if (done) {
    tell({ id, pinned: on });
  }
}

/** Put a conversation into a folder; "" is outside of all. */
export async function move({ id }, folder) {
  const done = await post(address("moveUrl", id), { folder });
  if (done) {
    tell({ id, folder });
  }
}

async function archive({ id, title }, on) {
  if (!(await post(address("archiveUrl", id), { on }))) {
    return;
  }
  tell({ id, archived: on });
  const words = on ? gettext("“%(title)s” is in the archive.") : gettext("“%(title)s” is back in the sidebar.");
  const takeBack = async () => {
    if (await post(address("archiveUrl", id), { on: !on })) {
      tell({ id, archived: !on });
    }
  };
  toast(interpolate(words, { title }), { kind: "ok", action: { label: gettext("Undo"), run: takeBack } });
}

function remove({ id, title }) {
  const row = rowOf(id);
  const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
  const thread = document.querySelector(`footnote-thread[data-conversation="${id}"]`);
  const shown = (isThere) => {
    hideRows([id], !isThere);
    thread?.toggleAttribute("inert", !isThere);
  };
  shown(false);
  neighbour?.querySelector("a")?.focus({ preventScroll: true });
  doSoon(interpolate(gettext("“%(title)s” is deleted."), { title }), {
    url: address("deleteUrl", id),
    data: formOf({}),
    undo: () => shown(true),
    done: () => {
      tell({ id, deleted: true });
      if (thread) {
        location.assign(menu.dataset.homeUrl);
      }
    },
    left: () => {
      keepHidden();
      tell({ id, deleted: true });
    },
  });
}

function place(words, name, folder) {
  const properties = { class: "menu__item", type: "button", role: "menuitemradio", "aria-checked": String(folder === chosen.folder) };
  return h("button", { ...properties, "data-to": folder || "none" }, icon(name), h("span", { class: "truncate", dir: "auto" }, words));
}

function chooseFolder() {
  const places = folders().map(({ id, name }) => place(name, "folder", id));
  if (places.length) {
    places.push(place(gettext("No folder"), "close", ""), h("div", { class: "menu__rule", role: "separator" }));
  }
  const fresh = { class: "menu__item", type: "button", role: "menuitem", "data-to": "new" };
  moveMenu.replaceChildren(...places, h("button", fresh, icon("folder-plus"), gettext("New folder")));
  openMenu(moveMenu, opener);
}

const DEEDS = {
  rename,
  pin: (one) => pin(one, true),
  unpin: (one) => pin(one, false),
  move: chooseFolder,
  archive: (one) => archive(one, true),
  unarchive: (one) => archive(one, false),
  delete: remove,
};

function open(button) {
  chosen = conversationAt(button);
  opener = button;
  const shown = { pin: !chosen.isPinned, unpin: chosen.isPinned, archive: !chosen.isArchived, unarchive: chosen.isArchived };
  for (const item of menu.querySelectorAll("[data-do]")) {
    item.hidden = shown[item.dataset.do] === false || (chosen.isArchived && ["pin", "unpin", "move"].includes(item.dataset.do));
  }
  for (const link of menu.querySelectorAll("[data-conversation-link]")) {
    link.href = link.dataset.conversationLink.replace(NIL, chosen.id);
  }
  openMenu(menu, button);
}

if (menu) {
  document.addEventListener("click", (event) => {
    const { target } = event;
    const more = target.closest("[data-conversation-more]");
    const direct = target.closest("[data-conversation-do]");
    if (more) {
      open(more);
    } else if (direct) {
      DEEDS[direct.dataset.conversationDo](conversationAt(direct));
    }
  });
  menu.addEventListener("click", (event) => {
    const item = event.target.closest("[data-do]");
    if (item) {
      closeMenu(menu);
      DEEDS[item.dataset.do](chosen);
    }
  });
  moveMenu.addEventListener("click", (event) => {
    const item = event.target.closest("button");
    if (!item) {
      return;
    }
    closeMenu(moveMenu);
    if (item.dataset.to === "new") {
      newFolder((folder) => move(chosen, folder.id));
    } else {
      move(chosen, item.dataset.to === "none" ? "" : item.dataset.to);
    }
  });
  document.querySelector("[data-conversation-list]").addEventListener("conversation-dropped", (event) => {
    const { id, folder } = event.detail;
    if ((rowOf(id)?.dataset.folderId ?? "") !== folder) {
      move({ id }, folder);
    }
  });
  document.addEventListener("keydown", (event) => {
    const row = event.key === "F2" ? event.target.closest?.("li[data-conversation]") : null;
    if (row) {
      event.preventDefault();
      rename(conversationAt(row));
    }
  });
}
