/**
 * The service worker: keeps the static files of this version, and shows the offline page where a page cannot be had.
 *
 * It keeps nothing that holds data: no page, no answer, no document. The server puts STATIC (where this version's
 * files lie, empty while they change) and OFFLINE above this.
 */

const CACHE = `footnote ${STATIC}`;

self.addEventListener("install", (event) => {
  event.waitUntil(keepOffline().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) {
    return;
  }
  if (STATIC && url.pathname.startsWith(STATIC) && !request.headers.has("range")) {
    event.respondWith(fromCacheFirst(request));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
  }
});

/** The offline page with the styles, fonts and pictures that it names. */
async function keepOffline() {
  const cache = await caches.open(CACHE);
  const response = await fetch(OFFLINE, { credentials: "omit", cache: "no-cache" });
  if (!response.ok) {
    throw new Error(`The offline page answered ${response.status}.`);
  }
  const html = await response.clone().text();
  await cache.put(OFFLINE, response);
  const named = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => new URL(match[1], location.href));
  await cache.addAll(named.filter((url) => STATIC && url.pathname.startsWith(STATIC)).map(String));
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("footnote ") && name !== CACHE).map((name) => caches.delete(name)));
}

async function fromCacheFirst(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) {
    return kept;
  }
  const response = await fetch(request);
  if (response.ok && response.type === "basic") {
    // Not waited for: the page has its file, and a full disk is no reason to go without.
    cache.put(request, response.clone()).catch(() => {});
  }
  return response;
}
