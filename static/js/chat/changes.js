/** What happened to a conversation or a folder: told to this page and to the others of this browser. */

const here = new EventTarget();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("footnote.conversations") : null;

function hear(change, isFromHere) {
  here.dispatchEvent(new CustomEvent("change", { detail: { ...change, isFromHere } }));
}

channel?.addEventListener("message", (event) => hear(event.data, false));

/** Tell of a change: `id` of the conversation, and what is new of it: `title`, `pinned`, `archived`, `folder`, `deleted`. */
export function tell(change) {
  hear(change, true);
  channel?.postMessage(change);
}

/** Call `listener` with each change; its `isFromHere` is false when another page made it. */
export function onChange(listener) {
  here.addEventListener("change", (event) => listener(event.detail));
}
