/** The retrieval test: a query and one or two configurations, kept in the address; what each found, stage by stage. */

import { documentUrl, headingWords, pageWords } from "../chat/places.js";
import { dotted, h, icon, jsonScript, scrollTo } from "../dom.js";
import { postJson } from "../http.js";
import { formatNumber, gettext, interpolate, ngettext } from "../i18n.js";
import { readSettings } from "./drafts.js";
import { filterOf, FilterRows, filterText } from "./filters.js";
import { Band } from "./rankings.js";

const TIMEOUT_MS = 120_000;
const narrow = matchMedia("(max-width: 899.98px)");

const root = document.querySelector("[data-retrieval]");
const part = (name) => root.querySelector(`[data-${name}]`);
const form = part("retrieval-form");
const results = part("results");
const chosen = part("chosen");
const defaults = new Map(new FormData(form));
const filters = new Map(
  [...root.querySelectorAll("[data-filters]")].map((each) => [each.dataset.filters, new FilterRows(each, jsonScript("retrieval-filters"))]),
);

let bands = [];
let found = null;
let asked = 0;

const names = () => (part("compare").checked ? ["a", "b"] : ["a"]);

function drawConfigurations() {
  const second = root.querySelector("[data-configuration=b]");
  second.hidden = second.disabled = !part("compare").checked;
}

function configurationOf(name) {
  const fields = form.elements;
  const sources = [...form.querySelectorAll(`[name=${name}-sources]:checked`)].map((box) => box.value);
  return {
    ...readSettings((setting) => fields[`${name}-${setting}`]),
    passages: Number(fields[`${name}-passages`].value),
    sources: sources.length ? sources : null,
    filters: filters.get(name).read(),
  };
}

/** The form in the address: only what is not as at first. */
function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    // The second configuration's fields are not there while it is not compared with.
    if (value && value !== defaults.get(name.replace(/^b-/, "a-"))) {
      query.append(name, value);
    }
  }
  for (const name of names()) {
    filters.get(name).read().forEach((each) => query.append(`${name}-filter`, filterText(each)));
  }
  return `?${query}`;
}

function fillFromAddress() {
  form.reset();
  const query = new URLSearchParams(location.search);
  for (const [name, rows] of filters) {
    rows.fill(query.getAll(`${name}-filter`).map(filterOf).filter(Boolean));
  }
  for (const [name, value] of query) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "checkbox") {
        field.checked ||= field.value === value;
      } else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value)) {
        field.value = value;
      }
    }
  }
  drawConfigurations();
}

/** The playground's columns with these settings as a draft, and the query as the question. */
function columnsUrl({ sources, filters: _ofDocuments, ...settings }, query) {
  const parameters = new URLSearchParams({ q: query });
  for (const [name, value] of Object.entries(settings)) {
    parameters.set(`draft-${name}`, value);
  }
  sources?.forEach((source) => parameters.append("draft-sources", source));
  return `${root.dataset.columnsUrl}?${parameters}`;
}

function choose(chunk) {
  bands.forEach((band) => band.show(chunk));
  for (const hit of results.querySelectorAll(".hit")) {
    hit.setAttribute("aria-pressed", String(Number(hit.dataset.chunk) === chunk));
  }
  chosen.hidden = chunk === null;
  if (chunk === null) {
    return;
  }
  const passage = found.chunks[chunk];
  part("chosen-title").replaceChildren(h("bdi", {}, passage.title || passage.filename));
  part("chosen-place").replaceChildren(
    ...dotted(passage.source, passage.filename, headingWords(passage), pageWords(passage.page), passage.edited ? gettext("edited") : ""),
  );
  part("chosen-open").href = documentUrl({ ...passage, source_start: passage.start, source_end: passage.end });
  part("chosen-ranks").replaceChildren(
    ...bands.map((band, index) => {
      const places = band.placesOf(chunk, found.runs[index].stages);
      return h("span", { class: "chosen__places" }, bands.length > 1 ? `${band.name}: ${places}` : places);
    }),
  );
  part("chosen-text").textContent = passage.text;
  part("chosen-text").scrollTop = 0;
}

function draw(reply, body) {
  found = reply;
  chosen.hidden = true;
  const two = reply.runs.length > 1;
  bands = reply.runs.map(
    (run, index) =>
      new Band({
        run,
        chunks: reply.chunks,
        name: index ? "B" : "A",
        other: two ? (index ? reply.runs[0] : null) : undefined,
        useUrl: columnsUrl(body.configurations[index], body.query),
        isFiltered: body.configurations[index].filters.length > 0,
      }),
  );
  results.replaceChildren(...bands.map((band) => band.element));
  const n = Object.keys(reply.chunks).length;
  const words = n
    ? interpolate(ngettext("%(n)s passage was found.", "%(n)s passages were found.", n), { n: formatNumber(n) })
    : gettext("Nothing was found. Choose other data sources, or look whether whom you search as may see any document.");
  const whose = body.search_as ? interpolate(gettext("Searched as %(person)s."), { person: body.search_as }) : "";
  part("status").textContent = [whose, words].filter(Boolean).join(" ");
}

function fail(message) {
  part("status").textContent = "";
  results.replaceChildren();
  part("error").replaceChildren(
    h("div", { class: "notice notice--bad", role: "alert" }, icon("alert"), h("p", { class: "notice__body" }, message)),
  );
}

/** On a phone the open settings would push what was found out of sight. */
function foldSettings() {
  const settings = part("settings");
  if (!settings.open || !narrow.matches) {
    return;
  }
  if (settings.contains(document.activeElement)) {
    settings.querySelector("summary").focus({ preventScroll: true });
  }
  settings.open = false;
  scrollTo(part("status"), "start");
}

function showWrongFilters(wrong) {
  const controls = wrong.map(({ configuration, row, message }) => filters.get(names()[configuration]).fail(row, message));
  controls.find(Boolean)?.focus();
}

async function search() {
  const body = {
    query: part("query").value.trim(),
    search_as: form.elements.as.value.trim(),
    configurations: names().map(configurationOf),
  };
  asked += 1;
  const turn = asked;
  const button = form.querySelector("[type=submit]");
  button.setAttribute("aria-busy", "true");
  results.setAttribute("aria-busy", "true");
  part("empty").hidden = true;
  part("error").replaceChildren();
  part("status").textContent = gettext("Searching…");
  try {
    const reply = await postJson(root.dataset.searchUrl, body, TIMEOUT_MS);
    if (turn === asked) {
      draw(reply, body);
      foldSettings();
    }
  } catch (error) {
    if (turn === asked) {
      fail(error.message);
      showWrongFilters(error.details?.filters ?? []);
    }
  } finally {
    if (turn === asked) {
      button.removeAttribute("aria-busy");
      results.removeAttribute("aria-busy");
    }
  }
}

function showNothing() {
  asked += 1;
  bands = [];
  results.replaceChildren();
  chosen.hidden = true;
  part("error").replaceChildren();
  part("status").textContent = "";
  part("empty").hidden = false;
}

function follow() {
  fillFromAddress();
  if (part("query").value.trim() && form.checkValidity()) {
    search();
  } else {
    showNothing();
  }
}

/** Arrows go through a column, and to the same passage in the columns beside it. */
function move(event) {
  const hit = event.target.closest?.(".hit");
  if (!hit) {
    return;
  }
  const forward = getComputedStyle(hit).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const sideways = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  let target;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const hits = [...hit.closest(".hits").querySelectorAll(".hit")];
    target = hits[hits.indexOf(hit) + (event.key === "ArrowDown" ? 1 : -1)];
  } else if (sideways) {
    const columns = [...hit.closest(".stages").children];
    const step = forward === "ArrowRight" ? sideways : -sideways;
    for (let at = columns.indexOf(hit.closest(".stage")) + step; columns[at] && !target; at += step) {
      target = columns[at].querySelector(`[data-chunk="${hit.dataset.chunk}"]`);
    }
  } else {
    return;
  }
  event.preventDefault();
  target?.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const next = address();
  if (next !== location.search) {
    history.pushState(null, "", next);
  }
  search();
});
part("query").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
part("compare").addEventListener("change", drawConfigurations);
for (const example of root.querySelectorAll("[data-example]")) {
  example.addEventListener("click", () => {
    part("query").value = example.textContent;
    form.requestSubmit();
  });
}
results.addEventListener("click", (event) => {
  const hit = event.target.closest(".hit");
  if (hit) {
    choose(hit.getAttribute("aria-pressed") === "true" ? null : Number(hit.dataset.chunk));
    hit.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
});
results.addEventListener("hits-shown", () => {
  const pressed = results.querySelector(".hit[aria-pressed=true]");
  choose(pressed ? Number(pressed.dataset.chunk) : null);
});
results.addEventListener("keydown", move);
part("chosen-close").addEventListener("click", () => {
  const pressed = results.querySelector(".hit[aria-pressed=true]");
  choose(null);
  pressed?.focus();
});
root.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !chosen.hidden) {
    choose(null);
  }
});
addEventListener("popstate", follow);

follow();
// What was found comes first; settings are turned afterwards.
part("settings").open = part("empty").hidden === false && !narrow.matches;
