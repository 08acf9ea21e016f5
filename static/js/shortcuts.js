/** Keyboard shortcuts of every page. The list of them is the dialog `shortcuts`, opened by "?". */

import { openDialog } from "./dialogs.js";
import { toggleSidebar } from "./frame.js";

const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

function isWriting(target) {
  return target.isContentEditable || target.matches?.("input, textarea, select");
}

// Nobody needs the palette's script before it is opened; what is typed until it is there stands in the box.
async function togglePalette() {
  const dialog = document.getElementById("palette");
  if (dialog.open) {
    dialog.close();
    return;
  }
  document.querySelectorAll(":popover-open").forEach((popover) => popover.hidePopover());
  const input = dialog.querySelector("[data-palette-input]");
  input.value = "";
  dialog.showModal();
  input.focus();
  const palette = await import("./palette.js");
  palette.begin();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette-open]")) {
    togglePalette();
  }
});

document.addEventListener("keydown", (event) => {
  const mod = isApple ? event.metaKey : event.ctrlKey;
  const key = event.key.toLowerCase();
  if (mod && !event.shiftKey && !event.altKey && key === "k" && document.getElementById("palette")) {
    event.preventDefault();
    togglePalette();
  } else if (mod && event.shiftKey && key === "o") {
    event.preventDefault();
    document.querySelector("[data-new-chat]")?.click();
  } else if (mod && event.shiftKey && key === "s") {
    event.preventDefault();
    toggleSidebar();
  } else if (event.shiftKey && key === "escape") {
    const composer = document.querySelector("[data-composer-input]");
    if (composer) {
      event.preventDefault();
      composer.focus();
    }
  } else if (event.key === "?" && !mod && !event.altKey && !isWriting(event.target)) {
    event.preventDefault();
    openDialog("shortcuts");
  }
});

if (isApple) {
  document.querySelectorAll("kbd[data-mod]").forEach((kbd) => {
    kbd.textContent = "\u2318";
  });
}
