/** The pages of a PDF, drawn by pdf.js as they come into view, with the boxes of a span laid over them. */

import { h, jsonScript, scrollTo } from "../dom.js";
import { getJson } from "../http.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";
import { clearPage, drawPage, makeBoxes, openPdf } from "./pdf_file.js";

const LARGEST_FIT = 1.6;
const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
const AHEAD = "800px 0px";

const root = document.querySelector("[data-pdf]");
const holder = root.querySelector("[data-pdf-pages]");
const status = root.querySelector("[data-pdf-status]");
const numberField = root.querySelector("[data-pdf-number]");
const sizes = jsonScript("pdf-pages");
const pages = sizes.map(([width, height], index) => ({ number: index + 1, width, height, element: null, drawing: null }));

let opened = null;
let zoom = ZOOMS.indexOf(1);

function fit() {
  const widest = Math.max(...pages.map((page) => page.width), 1);
  return Math.min(holder.clientWidth / widest, LARGEST_FIT) * ZOOMS[zoom];
}

function layOut() {
  const scale = fit();
  for (const page of pages) {
    page.element.style.inlineSize = `${page.width * scale}px`;
    page.element.style.blockSize = `${page.height * scale}px`;
  }
  root.querySelector("[data-pdf-zoom]").textContent = `${Math.round(ZOOMS[zoom] * 100)} %`;
}

function place() {
  for (const page of pages) {
    const label = interpolate(gettext("Page %(number)s"), { number: page.number });
    page.element = h("div", { class: "pdf__page", role: "img", "aria-label": label, "data-page": page.number });
    page.element.setAttribute("role", "group");
  }
  holder.replaceChildren(...pages.map((page) => page.element));
  layOut();
}

async function draw(page) {
  if (!opened || page.drawing) {
    return;
  }
  const drawing = { cancelled: false, task: null };
  page.drawing = drawing;
  try {
    await drawPage(opened, page.number, page.element, fit(), drawing);
  } catch (error) {
    if (error?.name !== "RenderingCancelledException") {
      page.element.dataset.failed = "";
    }
  }
}

function drop(page) {
  if (page.drawing) {
    page.drawing.cancelled = true;
    page.drawing.task?.cancel();
    page.drawing = null;
  }
  clearPage(page.element);
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const page = pages[Number(entry.target.dataset.page) - 1];
      page.near = entry.isIntersecting;
      if (page.near) {
        draw(page);
      } else {
        drop(page);
      }
    }
  },
  { rootMargin: AHEAD },
);

function currentPage() {
  const line = innerHeight / 3;
  return pages.findLast((page) => page.element.getBoundingClientRect().top <= line) ?? pages[0];
}

function goTo(number) {
  const page = pages[Math.max(1, Math.min(number, pages.length)) - 1];
  page.element.scrollIntoView({ block: "start" });
}

function redraw() {
  const page = currentPage();
  const isHeadSeen = page.number === 1 && page.element.getBoundingClientRect().top >= 0;
  for (const each of pages) {
    drop(each);
  }
  layOut();
  // What stands above the first page stays in view where it was.
  if (!isHeadSeen) {
    page.element.scrollIntoView({ block: "start" });
  }
  for (const each of pages.filter((one) => one.near)) {
    draw(each);
  }
}

function setZoom(next) {
  zoom = Math.max(0, Math.min(next, ZOOMS.length - 1));
  redraw();
}

function mark(found) {
  const marks = found.flatMap((page) => {
    const boxes = makeBoxes(page);
    pages[page.number - 1]?.element.append(...boxes);
    return boxes;
  });
  return marks[0] ?? null;
}

/** Mark the span whose boxes are at `url` in the place of the one before; the first box, or null. */
export async function markSpan(url) {
  const { pages: found } = await getJson(url);
  root.querySelectorAll(".pdf__mark").forEach((old) => old.remove());
  const first = mark(found);
  if (first) {
    scrollTo(first);
  }
  return first;
}

/** The page under the pointer and the point on it, in points; null beside the pages. */
export function pointOn(event) {
  const element = event.target.closest(".pdf__page");
  if (!element) {
    return null;
  }
  const page = pages[Number(element.dataset.page) - 1];
  const box = element.getBoundingClientRect();
  return {
    page: page.number,
    x: Math.round(((event.clientX - box.left) / box.width) * page.width),
    y: Math.round(((event.clientY - box.top) / box.height) * page.height),
  };
}

async function showSpan() {
  if (root.dataset.boxes) {
    try {
      if (await markSpan(root.dataset.boxes)) {
        return;
      }
    } catch {
      // Without its boxes the span's page still helps.
    }
  }
  if (Number(root.dataset.page) > 1) {
    goTo(Number(root.dataset.page));
  }
}

async function open() {
  opened = await openPdf(root.dataset);
  for (const page of pages.filter((each) => each.near)) {
    draw(page);
  }
}

function listen() {
  root.querySelector("[data-pdf-previous]").addEventListener("click", () => goTo(currentPage().number - 1));
  root.querySelector("[data-pdf-next]").addEventListener("click", () => goTo(currentPage().number + 1));
  root.querySelector("[data-pdf-smaller]").addEventListener("click", () => setZoom(zoom - 1));
  root.querySelector("[data-pdf-larger]").addEventListener("click", () => setZoom(zoom + 1));
  numberField.addEventListener("change", () => goTo(Number.parseInt(numberField.value, 10) || 1));
  let timer = 0;
  // Captured: the pages may lie in a box that scrolls by itself.
  const follow = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (document.activeElement !== numberField) {
        numberField.value = formatNumber(currentPage().number);
      }
    }, 100);
  };
  addEventListener("scroll", follow, { capture: true, passive: true });
  let width = holder.clientWidth;
  new ResizeObserver(() => {
    if (holder.clientWidth !== width) {
      width = holder.clientWidth;
      redraw();
    }
  }).observe(holder);
}

place();
listen();
pages.forEach((page) => near.observe(page.element));
showSpan();
open().then(
  () => (status.hidden = true),
  () => {
    status.textContent = gettext("The pages cannot be drawn here. The text view has their words, and the file can be downloaded.");
  },
);
