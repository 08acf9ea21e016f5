/** Short messages that pass by: Django's, which the page brings along, and those that a script shows. */

const SHOWN_MS = 6000;
const KINDS = { ok: "check", info: "info", warn: "alert", bad: "alert" };

const region = document.querySelector("[data-toasts]");
const template = document.querySelector("[data-toast-template]");

/** What is to be done when a toast went without its action. */
const afterwards = new WeakMap();

function close(toast) {
  toast.remove();
  afterwards.get(toast)?.();
}

function expire(toast, shownMs = SHOWN_MS) {
  // What went wrong stays until it is closed; the rest goes, unless the reader is at it.
  if (toast.matches(".toast--bad, .toast--warn")) {
    return;
  }
  let timer = 0;
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(() => close(toast), shownMs);
  };
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusout", start);
  start();
}

/**
 * Show `text` for a while. `kind` is "ok", "info", "warn" or "bad"; the last two stay until they are closed.
 * `action` ({label, run, keys}) adds a button, to undo say; `keys` names what else does it, for `aria-keyshortcuts`.
 * `gone` is called when the toast has gone by itself or was closed, not when the action was chosen. Gives the toast,
 * whose `remove()` takes it away without either.
 */
export function toast(text, { kind = "info", action = null, shownMs = SHOWN_MS, gone = null } = {}) {
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
    if (action.keys) {
      button.setAttribute("aria-keyshortcuts", action.keys);
    }
    button.addEventListener("click", () => {
      element.remove();
      action.run();
    });
    element.querySelector("[data-toast-close]").before(button);
  }
  if (gone) {
    afterwards.set(element, gone);
  }
  region.append(element);
  expire(element, shownMs);
  return element;
}

region?.addEventListener("click", (event) => {
  const closed = event.target.closest("[data-toast-close]")?.closest("[data-toast]");
  if (closed) {
    close(closed);
  }
});
region?.querySelectorAll("[data-toast]").forEach((each) => expire(each));
