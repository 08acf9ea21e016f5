/** The sidebar: beside the page when there is room, over it when there is not. */

import { setChoice } from "./cookies.js";

const narrow = matchMedia("(max-width: 899.98px)");
const sidebar = document.getElementById("sidebar");
const veil = document.querySelector("[data-sidebar-veil]");
let opener = null;

function isOpen() {
  return narrow.matches ? sidebar.hasAttribute("data-open") : document.documentElement.dataset.sidebar !== "closed";
}

function announceState() {
  for (const button of document.querySelectorAll("[data-sidebar-toggle]")) {
    button.setAttribute("aria-expanded", String(isOpen()));
  }
}

function setOverlay(open) {
  sidebar.toggleAttribute("data-open", open);
  veil.hidden = !open;
  document.getElementById("main")?.toggleAttribute("inert", open);
  if (open) {
    opener = document.activeElement;
    sidebar.querySelector("a, button")?.focus();
  } else {
    opener?.focus();
    opener = null;
  }
}

/** Show or hide the sidebar; beside the page the choice is remembered. */
export function toggleSidebar() {
  if (!sidebar) {
    return;
  }
  if (narrow.matches) {
    setOverlay(!isOpen());
  } else if (isOpen()) {
    document.documentElement.dataset.sidebar = "closed";
    setChoice("sidebar", "closed");
    document.querySelector(".topbar [data-sidebar-toggle]")?.focus();
  } else {
    delete document.documentElement.dataset.sidebar;
    setChoice("sidebar", "");
    sidebar.querySelector("[data-sidebar-toggle]")?.focus();
  }
  announceState();
}

if (sidebar) {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-sidebar-toggle]") || event.target === veil) {
      toggleSidebar();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.shiftKey && narrow.matches && isOpen() && !event.defaultPrevented) {
      event.preventDefault();
      toggleSidebar();
    }
  });
  narrow.addEventListener("change", () => {
    if (sidebar.hasAttribute("data-open")) {
      setOverlay(false);
    }
    announceState();
  });
  announceState();
}
