/** The page of a PDF that a citation points to, with the cited words in boxes; from there one leafs through the rest. */

import { clearPage, drawPage, makeBoxes, openPdf } from "../documents/pdf_file.js";
import { h, icon } from "../dom.js";
import { getJson } from "../http.js";
import { formatNumber, gettext, interpolate } from "../i18n.js";

const LARGEST_FIT = 1.6;

function button(name, label, click) {
  return h("button", { class: "button button--icon button--small", type: "button", "aria-label": label, on: { click } }, icon(name, "icon--directional"));
}

/** One page at a time of the PDF that `section`, the [data-pdf] of a document's own page, describes. */
class PdfExcerpt {
  element;
  isPaged = true;
  #data;
  #sizes;
  #boxes = new Map();
  #number;
  #opening = null;
  #drawing = null;
  #page = h("div", { class: "pdf__page", role: "group" });
  #holder = h("div", { class: "excerpt-pdf__page" }, this.#page);
  #count = h("span", { class: "number small", role: "status" });
  #status = h("p", { class: "soft small" });
  #back = button("chevron-back", gettext("Previous page"), () => this.#turn(-1));
  #forward = button("chevron-forward", gettext("Next page"), () => this.#turn(1));
  #observer = new ResizeObserver(() => this.#show());
  #width = 0;

  constructor(section) {
    this.#data = { ...section.dataset };
    this.#sizes = JSON.parse(section.querySelector("#pdf-pages").textContent);
    this.#number = Math.max(1, Math.min(Number(this.#data.page) || 1, this.#sizes.length));
    const bar = h("div", { class: "excerpt-pdf__bar" }, this.#back, this.#count, this.#forward);
    this.element = h("section", { class: "excerpt-pdf", "aria-label": gettext("Pages") }, bar, this.#holder, this.#status);
  }

  /** Find the boxes, and with them the page to show. */
  async prepare() {
    if (this.#data.boxes) {
      const { pages } = await getJson(this.#data.boxes);
      pages.forEach((page) => this.#boxes.set(page.number, page));
      const first = pages.find((page) => page.boxes.length);
      this.#number = first?.number ?? this.#number;
    }
    return this;
  }

  /** It is on the page now: set it at its size, and draw it. */
  shown() {
    this.#observer.observe(this.#holder);
    this.#show();
  }

  /** Stop drawing and let go of the file. */
  close() {
    this.#observer.disconnect();
    this.#cancel();
    this.#opening?.then(({ file }) => file.loadingTask.destroy()).catch(() => {});
  }

  #cancel() {
    if (this.#drawing) {
      this.#drawing.cancelled = true;
      this.#drawing.task?.cancel();
      this.#drawing = null;
    }
  }

  #turn(by) {
    this.#number = Math.max(1, Math.min(this.#number + by, this.#sizes.length));
    this.#width = 0;
    this.#show();
  }

  async #show() {
    const room = this.#holder.clientWidth;
    const [width, height] = this.#sizes[this.#number - 1] ?? [1, 1];
    this.#back.disabled = this.#number <= 1;
    this.#forward.disabled = this.#number >= this.#sizes.length;
    const words = { page: formatNumber(this.#number), count: formatNumber(this.#sizes.length) };
    this.#count.textContent = interpolate(gettext("Page %(page)s of %(count)s"), words);
    if (!room || room === this.#width) {
      return;
    }
    this.#width = room;
    const scale = Math.min(room / width, LARGEST_FIT);
    this.#page.style.width = `${width * scale}px`;
    this.#page.style.height = `${height * scale}px`;
    this.#page.setAttribute("aria-label", this.#count.textContent);
    clearPage(this.#page);
    const boxes = this.#boxes.get(this.#number);
    this.#page.querySelectorAll(".pdf__mark").forEach((old) => old.remove());
    this.#page.append(...(boxes ? makeBoxes(boxes) : []));
    await this.#draw(scale);
  }

  async #draw(scale) {
    this.#cancel();
    const drawing = { cancelled: false, task: null };
    this.#drawing = drawing;
    try {
      this.#opening ??= openPdf(this.#data);
      await drawPage(await this.#opening, this.#number, this.#page, scale, drawing);
    } catch (error) {
      if (error?.name !== "RenderingCancelledException") {
        this.#status.textContent = gettext("The page cannot be drawn here. The text has its words.");
      }
    }
  }
}

/** The excerpt of a PDF, ready to be put on the page; raises RequestError. */
export function makePdfExcerpt(section) {
  return new PdfExcerpt(section).prepare();
}
