/**
 * A page that shows work under way keeps itself up to date: it is fetched again, quickly while there is work and now
 * and then without, and those of its parts that changed (data-part) are put in.
 */

import { getText } from "../http.js";

const BUSY_MS = 1500;
const IDLE_MS = 15000;
const GONE = [401, 403, 404];

const said = document.querySelector("[data-live]");
const trouble = document.querySelector("[data-live-trouble]");
let timer = 0;
let pressing = false;

function put(old, fresh) {
  // A question that is open waits for its answer.
  if (old.isEqualNode(fresh) || old.querySelector("dialog[open]")) {
    return;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (focused) {
    const again = (focused.id && document.getElementById(focused.id)) || fresh.querySelector("button, a[href]");
    again?.focus({ preventScroll: true });
  }
}

function take(page) {
  const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value;
  for (const field of page.querySelectorAll("input[name=csrfmiddlewaretoken]")) {
    // Another one with each answer, though either is good: it alone is no change.
    field.setAttribute("value", token ?? field.value);
  }
  for (const fresh of page.querySelectorAll("[data-part]")) {
    const old = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
    if (old) {
      put(old, fresh);
    }
  }
  const next = page.querySelector("[data-live]");
  said.toggleAttribute("data-busy", next.hasAttribute("data-busy"));
  if (said.textContent !== next.textContent) {
    said.textContent = next.textContent;
  }
}

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const page = new DOMParser().parseFromString(await getText(location.href), "text/html");
      if (!page.querySelector("[data-live]")) {
        location.reload();
        return;
      }
      // Nothing is moved under a finger.
      if (!pressing) {
        take(page);
      }
      trouble.hidden = true;
    } catch (error) {
      if (GONE.includes(error.status)) {
        location.reload();
        return;
      }
      trouble.hidden = false;
    }
  }
  timer = setTimeout(refresh, said.hasAttribute("data-busy") ? BUSY_MS : IDLE_MS);
}

document.addEventListener("pointerdown", () => (pressing = true), true);
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => setTimeout(() => (pressing = false)), true);
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    refresh();
  }
});
timer = setTimeout(refresh, said.hasAttribute("data-busy") ? BUSY_MS : IDLE_MS);
