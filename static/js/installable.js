/** Lets the browser install Footnote, and show a page of ours without a network. */

if ("serviceWorker" in navigator && isSecureContext) {
  // When the page is there: the worker's own requests are in nobody's way then.
  addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js").catch(() => {}), { once: true });
}
