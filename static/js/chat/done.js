/** The line above an answer that says what was done for it, and opens to the steps. */

import { h, icon } from "../dom.js";
import { getText } from "../http.js";
import { formatMilliseconds, formatNumber, gettext, interpolate, listed, ngettext } from "../i18n.js";
import { traceUrl } from "./places.js";

/** "Searched 3 sources, read 8 passages, 0.4 s". */
export function doneWords({ sources, passages, ms }) {
  if (!passages) {
    return interpolate(gettext("Searched and found nothing to read, %(time)s"), { time: formatMilliseconds(ms) });
  }
  return listed([
    interpolate(ngettext("Searched %(n)s source", "Searched %(n)s sources", sources), { n: formatNumber(sources) }),
    interpolate(ngettext("read %(n)s passage", "read %(n)s passages", passages), { n: formatNumber(passages) }),
    formatMilliseconds(ms),
  ]);
}

/** The steps in short, from the trace of an answer, which has all that went in and out of each. */
async function fetchSteps(id) {
  const page = new DOMParser().parseFromString(await getText(traceUrl(id)), "text/html");
  page.querySelectorAll(".step details").forEach((detail) => detail.remove());
  return page.querySelector(".steps") ?? h("p", {}, page.body.textContent.trim());
}

/** The line of a finished answer; `openTrace()` shows everything. */
export function makeDone({ id, stats }, openTrace) {
  const body = h("div", { class: "done__body" });
  const line = h(
    "details",
    { class: "done" },
    h("summary", { class: "done__line number" }, doneWords(stats), icon("chevron-down", "icon--small done__turn")),
    body,
  );
  line.addEventListener("toggle", async () => {
    if (!line.open || body.childElementCount) {
      return;
    }
    body.replaceChildren(h("span", { class: "spinner", role: "status", "aria-label": gettext("Loading the steps") }));
    try {
      const steps = await fetchSteps(id);
      const more = h("button", { class: "button button--plain button--small", type: "button", on: { click: openTrace } }, gettext("Everything that went in and out"));
      body.replaceChildren(steps, more);
    } catch (error) {
      body.replaceChildren(h("p", { class: "notice notice--bad" }, error.message));
      // Opened again, it is asked again.
      line.addEventListener("toggle", () => body.replaceChildren(), { once: true });
    }
  });
  return line;
}
