/** Requests to the server: with the CSRF token, a timeout, and errors that carry a sentence to show. */

import { gettext } from "./i18n.js";

/** An answer that was not a success. `message` is a sentence for the reader, `code` what the server calls it, `details` all it said. */
export class RequestError extends Error {
  constructor(code, message, status = 0, details = {}) {
    super(message);
    this.name = "RequestError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** The token that a POST must carry; from the page's hidden field, else from the cookie. */
export function csrfToken() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  return field?.value ?? document.cookie.match(/(?:^|;\s*)(?:__Host-)?csrftoken=([^;]+)/)?.[1] ?? "";
}

async function send(url, options, timeoutMs) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(timeoutMs), ...options });
  } catch {
    throw new RequestError("unreachable", gettext("The server did not answer. Check the connection and try again."));
  }
  if (response.ok) {
    return response;
  }
  let error = null;
  try {
    ({ error } = await response.json());
  } catch {
    // Not JSON: a proxy or an error page. The status has to do.
  }
  throw new RequestError(
    error?.code ?? `http_${response.status}`,
    error?.message ?? gettext("The server could not do this. Try again in a moment."),
    response.status,
    error ?? {},
  );
}

/** The JSON at `url`; `signal` gives it up. */
export async function getJson(url, timeoutMs = 15000, { signal } = {}) {
  const ending = signal ? { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) } : {};
  return (await send(url, { headers: { Accept: "application/json" }, ...ending }, timeoutMs)).json();
}

/** An object of texts and numbers as a form to post. */
export function formOf(values) {
  const data = new FormData();
  Object.entries(values).forEach(([name, value]) => data.set(name, value));
  return data;
}

/** The text (an HTML fragment, say) at `url`. */
export async function getText(url, timeoutMs = 15000) {
  return (await send(url, { headers: { "X-Requested-With": "fetch" } }, timeoutMs)).text();
}

/**
 * POST `data` as JSON, or as a form when it is FormData; the JSON that comes back, or null when nothing does. With
 * `keepalive` (for at most 64 KB) the request outlives the page.
 */
export async function postJson(url, data, timeoutMs = 30000, { keepalive = false } = {}) {
  const form = data instanceof FormData;
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (!form) {
    headers["Content-Type"] = "application/json";
  }
  const response = await send(url, { method: "POST", headers, keepalive, body: form ? data : JSON.stringify(data) }, timeoutMs);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}
