/** A document's text around a cited span, fetched from its own page, which marks the span. */

import { getText } from "../http.js";
import { documentUrl } from "./places.js";

/** The text as an element with the span in a <mark data-span>; null when the page has no text to show. */
export async function fetchExcerpt(citation) {
  const html = await getText(`${documentUrl(citation)}&view=text`);
  return new DOMParser().parseFromString(html, "text/html").querySelector("[data-text]");
}

/** Load the looks of documents, once. */
export function loadDocumentStyles(href) {
  if (href && !document.querySelector(`link[href="${href}"]`)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }
}
