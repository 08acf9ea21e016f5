/** Folders in the sidebar: made, opened, renamed, deleted, and conversations dragged into and out of them. */

import { formOf, postJson } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { closeMenu, openMenu } from "../menus.js";
import { askName } from "../name_dialog.js";
import { toast } from "../toasts.js";
import { doSoon } from "../undo.js";
import { tell } from "./changes.js";
import { hideRows, keepHidden, redraw, supersede } from "./conversations.js";

const NIL = /0{8}-0{4}-0{4}-0{4}-0{12}/;
const DRAGGED = "application/x-footnote-conversation";
const menu = document.getElementById("folder-menu");
const list = document.querySelector("[data-conversation-list]");
let chosen = null;

function address(name, id) {
  return menu.dataset[name].replace(NIL, id);
}

/** Ask for the name of a new folder and make it; `then` is called with it. */
export function newFolder(then = () => {}) {
  askName("name-folder", {
    heading: gettext("New folder"),
    value: "",
    save: async (name) => {
      const folder = await postJson(menu.dataset.newUrl, formOf({ name }));
      tell({});
      then(folder);
    },
  });
}

function rename(folder) {
  askName("name-folder", {
    heading: gettext("Rename the folder"),
    value: folder.dataset.name,
    save: async (name) => {
      await postJson(address("renameUrl", folder.dataset.folder), formOf({ name }));
      tell({});
    },
  });
}

function remove(folder) {
  const words = gettext("The folder “%(name)s” is deleted. What was in it stays.");
  const { folder: id, name } = folder.dataset;
  // Its name is hidden; its conversations go on standing there until it is gone.
  hideRows([id], true);
  doSoon(interpolate(words, { name }), {
    url: address("deleteUrl", id),
    data: formOf({}),
    undo: () => hideRows([id], false),
    done: () => tell({}),
    left: () => {
      keepHidden();
      tell({});
    },
  });
}

async function toggle(button) {
  const isOpen = button.getAttribute("aria-expanded") !== "true";
  const folder = button.closest("[data-folder]");
  supersede();
  button.setAttribute("aria-expanded", String(isOpen));
  document.getElementById(button.getAttribute("aria-controls")).hidden = !isOpen;
  try {
    await postJson(address("openUrl", folder.dataset.folder), formOf({ on: isOpen }));
    tell({});
  } catch (error) {
    toast(error.message, { kind: "bad" });
    redraw();
  }
}

function target(event) {
  const isOurs = event.dataTransfer?.types.includes(DRAGGED);
  return isOurs ? event.target.closest?.("[data-folder], [data-loose]") : null;
}

function light(place) {
  for (const lit of list.querySelectorAll("[data-over]")) {
    lit.removeAttribute("data-over");
  }
  place?.setAttribute("data-over", "");
}

function drag() {
  list.addEventListener("dragstart", (event) => {
    const row = event.target.closest("li[data-conversation]");
    if (row) {
      event.dataTransfer.setData(DRAGGED, row.dataset.conversation);
      event.dataTransfer.effectAllowed = "move";
    }
  });
  list.addEventListener("dragover", (event) => {
    const place = target(event);
    if (place) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
    }
    light(place);
  });
  list.addEventListener("dragleave", (event) => {
    if (!list.contains(event.relatedTarget)) {
      light(null);
    }
  });
  list.addEventListener("dragend", () => light(null));
  list.addEventListener("drop", (event) => {
    const place = target(event);
    light(null);
    if (place) {
      event.preventDefault();
      const detail = { id: event.dataTransfer.getData(DRAGGED), folder: place.dataset.folder ?? "" };
      list.dispatchEvent(new CustomEvent("conversation-dropped", { detail }));
    }
  });
}

if (menu && list) {
  document.addEventListener("click", (event) => {
    const more = event.target.closest("[data-folder-more]");
    const fold = event.target.closest("[data-folder-toggle]");
    if (more) {
      chosen = more.closest("[data-folder]");
      openMenu(menu, more);
    } else if (fold) {
      toggle(fold);
    } else if (event.target.closest("[data-folder-new]")) {
      newFolder();
    }
  });
  menu.addEventListener("click", (event) => {
    const item = event.target.closest("[data-do]");
    if (item) {
      closeMenu(menu);
      (item.dataset.do === "rename" ? rename : remove)(chosen);
    }
  });
  list.addEventListener("keydown", (event) => {
    const button = event.key === "F2" ? event.target.closest("[data-folder-toggle]") : null;
    if (button) {
      event.preventDefault();
      rename(button.closest("[data-folder]"));
    }
  });
  drag();
}
