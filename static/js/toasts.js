/** Short messages that pass by: Django's, which the page brings along, and those that a script shows. */

const SHOWN_MS = 6000;
const KINDS = { ok: "check", info: "info", warn: "alert", bad: "alert" };

const region = document.querySelector("[data-toasts]");
const template = document.querySelector("[data-toast-template]");

function expire(toast) {
  // What went wrong stays until it is closed; the rest goes, unless the reader is at it.
  if (toast.matches(".toast--bad, .toast--warn")) {
    return;
  }
  let timer = 0;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => toast.remove(), SHOWN_MS);
  };
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusout", start);
  start();
}

/**
 * Show `text` for a while. `kind` is "ok", "info", "warn" or "bad"; the last two stay until they are closed.
 * `action` ({label, run}) adds a button, to undo say. Gives the toast, whose `remove()` takes it away.
 */
export function toast(text, { kind = "info", action = null } = {}) {
  const element = template.content.firstElementChild.cloneNode(true);
  element.className = `toast toast--${kind}`;
  const use = element.querySelector(".icon use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*$/, `#${KINDS[kind]}`));
  element.querySelector(".toast__text").textContent = text;
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      element.remove();
      action.run();
    });
    element.querySelector("[data-toast-close]").before(button);
  }
  region.append(element);
  expire(element);
  return element;
}

region?.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
});
region?.querySelectorAll("[data-toast]").forEach(expire);
