/** A document around a cited span, from its own page, which marks the span: its pages or its text. */

import { getText } from "../http.js";
import { documentUrl } from "./places.js";

/**
 * The document at a citation: {element, isPaged, shown, close}; null when the page has nothing to show. The span is a
 * [data-span] within, at its place once `shown()` was called after the element was put on the page. `asText` asks for
 * the text of what has pages. `close()` frees what drew it. Raises RequestError.
 */
export async function fetchExcerpt(citation, asText = false) {
  const html = await getText(`${documentUrl(citation)}${asText ? "&view=text" : ""}`);
  const page = new DOMParser().parseFromString(html, "text/html");
  const paged = page.querySelector("[data-pdf]");
  if (paged) {
    const { makePdfExcerpt } = await import("./pdf_excerpt.js");
    return makePdfExcerpt(paged);
  }
  const text = page.querySelector("[data-text]");
  return text && { element: text, isPaged: asText, shown: () => {}, close: () => {} };
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
