/**
 * Deeds that can be taken back. The page shows at once what was done; the server hears of it when the time to take it
 * back is over, or when the page is left.
 */

import { postJson } from "./http.js";
import { gettext } from "./i18n.js";
import { toast } from "./toasts.js";

const WHILE_MS = 8000;
const TIMEOUT_MS = 30000;

/** Deeds that can still be taken back, the oldest first. */
const open = new Set();

/**
 * Say `text` with a button that takes the deed back. Unless that happens, the form `data` is posted to `url`.
 *
 * `undo` puts the page back as it was; it is called too when the server refuses. `done` is called with the answer,
 * `left` when the page is left before there is one. Gives {now}, which does it without waiting any longer.
 */
export function doSoon(text, { url, data, undo, done, left }) {
  const deed = { url, data, undo, done, left };
  open.add(deed);
  deed.toast = toast(text, {
    action: { label: gettext("Undo"), run: () => takeBack(deed), keys: "Control+Z Meta+Z" },
    shownMs: WHILE_MS,
    gone: () => carryOut(deed),
  });
  return {
    now: () => {
      deed.toast.remove();
      return carryOut(deed);
    },
  };
}

function takeBack(deed) {
  if (open.delete(deed)) {
    deed.toast.remove();
    deed.undo();
  }
}

async function carryOut(deed) {
  if (!open.delete(deed)) {
    return;
  }
  try {
    const answer = await postJson(deed.url, deed.data, TIMEOUT_MS, { keepalive: true });
    deed.done?.(answer);
  } catch (error) {
    deed.undo();
    toast(error.message, { kind: "bad" });
  }
}

addEventListener("pagehide", () => {
  for (const deed of open) {
    open.delete(deed);
    deed.toast.remove();
    // Nobody is there to hear the answer.
    postJson(deed.url, deed.data, TIMEOUT_MS, { keepalive: true }).catch(() => {});
    deed.left?.();
  }
});

document.addEventListener("keydown", (event) => {
  const pressed = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  const writing = event.target.isContentEditable || event.target.matches?.("input:not([type=checkbox]), textarea, select");
  const last = [...open].at(-1);
  if (pressed && !writing && last) {
    event.preventDefault();
    takeBack(last);
  }
});
