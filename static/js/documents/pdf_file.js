/** A PDF's pages with pdf.js: opening the file, drawing one page, laying boxes over it. */

import { h } from "../dom.js";

const LARGEST_PIXELS = 16e6;

/** Open the PDF that the `data-` attributes of the documents' `_pages.html` name: {library, file}. */
export async function openPdf(data) {
  const library = await import(data.library);
  library.GlobalWorkerOptions.workerSrc = data.worker;
  const file = await library.getDocument({
    url: data.file,
    cMapUrl: data.cmaps,
    cMapPacked: true,
    standardFontDataUrl: data.fonts,
    // A font that a file names and does not hold is one of ours, of the right widths: what a system offers may be wider.
    useSystemFonts: false,
    wasmUrl: data.decoders,
    useWasm: false,
    isEvalSupported: false,
    enableXfa: false,
  }).promise;
  return { library, file };
}

/** Take away what was drawn on the element of a page, and leave its marks. */
export function clearPage(element) {
  element.querySelectorAll(".pdf__canvas, .pdf__text").forEach((old) => old.remove());
}

/**
 * Draw page `number` into `element` with its words over it. `drawing` is {cancelled, task}: whoever sets `cancelled` and
 * cancels `task` ends it, which raises RenderingCancelledException.
 */
export async function drawPage({ library, file }, number, element, scale, drawing) {
  const source = await file.getPage(number);
  const viewport = source.getViewport({ scale });
  const ratio = Math.min(devicePixelRatio || 1, Math.sqrt(LARGEST_PIXELS / (viewport.width * viewport.height)));
  const canvas = h("canvas", { class: "pdf__canvas", width: Math.floor(viewport.width * ratio), height: Math.floor(viewport.height * ratio) });
  if (drawing.cancelled) {
    return;
  }
  drawing.task = source.render({ canvas, viewport, transform: [ratio, 0, 0, ratio, 0, 0] });
  await drawing.task.promise;
  const words = h("div", { class: "pdf__text" });
  words.style.setProperty("--total-scale-factor", String(scale));
  await new library.TextLayer({ textContentSource: source.streamTextContent(), container: words, viewport }).render();
  if (!drawing.cancelled) {
    clearPage(element);
    element.prepend(canvas, words);
  }
}

/** The boxes of a span on one page ({width, height, boxes} as the server gives them) as elements. */
export function makeBoxes({ width, height, boxes }) {
  return boxes.map(([x0, y0, x1, y1]) => {
    const box = h("div", { class: "pdf__mark", "data-span": true });
    // Of the paper, whose left stays left whatever the language of the page around it.
    box.style.left = `${(x0 / width) * 100}%`;
    box.style.top = `${(y0 / height) * 100}%`;
    box.style.width = `${((x1 - x0) / width) * 100}%`;
    box.style.height = `${((y1 - y0) / height) * 100}%`;
    return box;
  });
}
