/** Light, dark, or as the system says. The choice is a cookie, so the server draws the page right from the start. */

import { setChoice } from "./cookies.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-choice]");
  if (!button) {
    return;
  }
  const choice = button.dataset.themeChoice;
  setChoice("theme", choice);
  if (choice) {
    document.documentElement.dataset.theme = choice;
  } else {
    delete document.documentElement.dataset.theme;
  }
  for (const other of document.querySelectorAll("[data-theme-choice]")) {
    other.setAttribute("aria-pressed", String(other.dataset.themeChoice === choice));
  }
});
