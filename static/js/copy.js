/** A button with data-copy="#ID" copies that element's text and says so. */

import { gettext } from "./i18n.js";
import { toast } from "./toasts.js";

/** Put `text` on the clipboard; false when the browser does not allow it. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const source = document.querySelector(button.dataset.copy);
  if (await copyText(source.textContent.trim())) {
    toast(gettext("Copied."), { kind: "ok" });
  } else {
    getSelection().selectAllChildren(source);
    toast(gettext("The browser did not allow copying. The text is selected: copy it with the keyboard."), { kind: "warn" });
  }
});
