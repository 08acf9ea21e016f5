/** Sending one file with its progress, which `fetch` cannot tell. */

import { csrfToken, RequestError } from "../http.js";
import { gettext, interpolate } from "../i18n.js";

const SEND_TIMEOUT_MS = 30 * 60 * 1000;

/** Why this file will be refused, as its size alone says; null when nothing is known against it. */
export function refusal(file, { maxBytes, maxMb }) {
  if (file.size > Number(maxBytes)) {
    const text = gettext("The file is larger than %(limit)s MB. Split it, or ask an admin to raise the limit.");
    return interpolate(text, { limit: maxMb });
  }
  return file.size === 0 ? gettext("The file is empty. Choose one with text in it.") : null;
}

/**
 * POST `file` and the other `fields` as a form. `onProgress` is called with the share that was sent, 0 to 1.
 * Gives {answer, stop}: a promise of the JSON that comes back, and what breaks the sending off. The promise fails with a
 * RequestError whose `message` can be shown.
 */
export function sendFile(url, fields, file, onProgress) {
  const request = new XMLHttpRequest();
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    data.append(name, value);
  }
  data.append("file", file, file.name);
  const answer = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(event.loaded / event.total);
      }
    });
    request.addEventListener("loadend", () => {
      let told = null;
      try {
        told = JSON.parse(request.responseText);
      } catch {
        // Not our JSON: the connection broke, or something between us answered.
      }
      if (request.status >= 200 && request.status < 300 && told) {
        resolve(told);
        return;
      }
      const message = told?.error?.message ?? gettext("The upload broke off. Check the connection and try again.");
      reject(new RequestError(told?.error?.code ?? "broken_off", message, request.status));
    });
  });
  request.open("POST", url);
  request.timeout = SEND_TIMEOUT_MS;
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.setRequestHeader("Accept", "application/json");
  request.send(data);
  return { answer, stop: () => request.abort() };
}

/** How much was sent, in words. */
export function sentWords(sent) {
  return sent > 0 ? interpolate(gettext("Sending %(percent)s %"), { percent: Math.floor(sent * 100) }) : gettext("Waiting");
}
