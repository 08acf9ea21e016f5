/** The rankings of a search, stage by stage, side by side; a chosen chunk is marked wherever it stands. */

import { headingWords, pageWords } from "../chat/places.js";
import { h, icon } from "../dom.js";
import { decimals, formatMilliseconds, formatNumber, gettext, interpolate, ngettext } from "../i18n.js";

/** Passages of a stage at first: fewer where two configurations stand one below the other. */
const SHOWN = 10;
const SHOWN_OF_TWO = 5;
const BEGINNING = 240;
const SCORE = { dense: decimals(3), keyword: decimals(2), fused: decimals(3), reranked: decimals(3) };

/** The rank of each chunk in each stage: {stage: Map(chunk, rank)}. Pure. */
export function ranksOf(run) {
  return Object.fromEntries(run.stages.map((stage) => [stage.name, new Map(stage.hits.map((hit) => [hit.chunk, hit.rank]))]));
}

/** How many places a chunk went up by being reranked; null where it was not. Pure. */
export function movedBy(ranks, stage, chunk) {
  const before = ranks.fused?.get(chunk);
  return stage === "reranked" && before ? before - ranks.reranked.get(chunk) : null;
}

function movement(places) {
  const words = places > 0 ? ngettext("%(n)s place up", "%(n)s places up", places) : ngettext("%(n)s place down", "%(n)s places down", -places);
  const arrow = places > 0 ? "▲" : "▼";
  const n = formatNumber(Math.abs(places));
  return h(
    "span",
    { class: `hit__moved${places < 0 ? " hit__moved--down" : ""}` },
    h("span", { "aria-hidden": "true" }, `${arrow}${n}`),
    h("span", { class: "visually-hidden" }, interpolate(words, { n })),
  );
}

function sideWords(ranks, chunk) {
  const meaning = ranks.dense.get(chunk);
  const words = ranks.keyword.get(chunk);
  return [
    meaning ? interpolate(gettext("meaning %(n)s"), { n: formatNumber(meaning) }) : null,
    words ? interpolate(gettext("words %(n)s"), { n: formatNumber(words) }) : null,
  ];
}

function loneSide(run, ranks, chunk) {
  const asked = run.stages.filter((stage) => ["dense", "keyword"].includes(stage.name) && !stage.absent);
  if (asked.length < 2 || (ranks.dense.has(chunk) && ranks.keyword.has(chunk))) {
    return null;
  }
  return h("span", { class: "badge" }, ranks.dense.has(chunk) ? gettext("meaning alone") : gettext("words alone"));
}

function compared(other, stage, hit) {
  if (!other || other.stages.find((one) => one.name === stage.name).absent) {
    return null;
  }
  const rank = ranksOf(other)[stage.name].get(hit.chunk);
  if (rank === hit.rank) {
    return null;
  }
  const words = rank ? interpolate(gettext("A: %(n)s"), { n: formatNumber(rank) }) : gettext("not in A");
  return h("span", { class: "badge badge--accent" }, words);
}

/** One stage of a run as a column. */
class StageColumn {
  #entry;
  #stage;
  #list = h("ol", { class: "hits" });
  #shown;

  constructor(stage, entry, read, shown) {
    this.#shown = shown;
    this.#stage = stage;
    this.#entry = entry;
    this.read = read;
    this.element = h(
      "section",
      { class: "stage", "data-stage": stage.name },
      h("div", { class: "stage__head" }, h("h3", {}, stage.label), h("p", { class: "soft small" }, stage.absent ? "" : this.#count())),
      stage.absent ? h("p", { class: "soft stage__absent" }, stage.absent) : this.#list,
    );
    this.#draw();
  }

  /** Let the chunk's place be among what is shown; null for none. */
  show(chunk) {
    this.#list.querySelector(".hits__far")?.remove();
    const hit = this.#stage.hits.find((one) => one.chunk === chunk);
    if (hit && hit.rank > this.#shown) {
      const more = this.#list.querySelector(".hits__more");
      const far = this.#item(hit);
      far.classList.add("hits__far");
      this.#list.insertBefore(far, more);
    }
  }

  #count() {
    const n = this.#stage.hits.length;
    return [interpolate(ngettext("%(n)s passage", "%(n)s passages", n), { n: formatNumber(n) }), this.#stage.scored_by].join(" · ");
  }

  #item(hit) {
    const isLast = hit.rank === this.read && this.#stage.hits.length > this.read;
    const words = isLast ? h("p", { class: "hits__read soft small" }, gettext("An answer reads up to here.")) : null;
    return h("li", {}, this.#entry(this.#stage, hit), words);
  }

  #draw() {
    const { hits, absent } = this.#stage;
    this.#list.replaceChildren(...hits.slice(0, this.#shown).map((hit) => this.#item(hit)));
    if (!hits.length && !absent) {
      this.#list.append(h("li", { class: "soft" }, gettext("Nothing found.")));
    }
    if (hits.length > this.#shown) {
      const words = interpolate(gettext("Show all %(n)s"), { n: formatNumber(hits.length) });
      const more = h("button", { class: "button button--small", type: "button" }, words);
      more.addEventListener("click", () => {
        const first = this.#shown;
        this.#shown = hits.length;
        this.#draw();
        this.#list.children[first].querySelector(".hit").focus();
        this.#list.dispatchEvent(new Event("hits-shown", { bubbles: true }));
      });
      this.#list.append(h("li", { class: "hits__more" }, more));
    }
  }
}

/** What one configuration found, as a band of columns. `other` is the run it is told apart from: undefined where there
 * is but one, null for the first of two. */
export class Band {
  #columns;
  #ranks;

  constructor({ run, chunks, name, other, useUrl, isFiltered = false }) {
    this.name = name;
    this.#ranks = ranksOf(run);
    // Marked where the reading ends: in the last order that there is.
    const last = run.stages.findLast((stage) => !stage.absent).name;
    const entry = (stage, hit) => this.#entry(run, chunks[hit.chunk], stage, hit, other);
    const shown = other === undefined ? SHOWN : SHOWN_OF_TWO;
    this.#columns = run.stages.map((stage) => new StageColumn(stage, entry, stage.name === last ? run.read.length : 0, shown));
    const title = other !== undefined ? interpolate(gettext("Configuration %(name)s"), { name }) : gettext("Stages");
    this.element = h(
      "section",
      { class: "band", "data-band": name, "aria-label": title },
      h(
        "div",
        { class: "band__head" },
        h("h2", {}, title),
        h("ul", { class: "band__times soft small number" }, ...this.#times(run)),
        h("a", { class: "button button--small push", href: useUrl, "data-use": true, "aria-describedby": isFiltered && `left-out-${name}` }, gettext("Use these settings")),
      ),
      isFiltered
        ? h("p", { class: "band__left-out soft small", id: `left-out-${name}` }, gettext("The filters stay here: they are no part of an assistant's settings. There, a question says them in its words."))
        : null,
      run.warning ? h("div", { class: "notice notice--warn band__warning" }, icon("alert"), h("p", { class: "notice__body" }, run.warning)) : null,
      h(
        "div",
        { class: "stages", role: "region", "aria-label": interpolate(gettext("Rankings of %(name)s"), { name }), tabIndex: 0 },
        ...this.#columns.map((column) => column.element),
      ),
    );
  }

  /** Let the chunk be seen in every stage that has it. */
  show(chunk) {
    this.#columns.forEach((column) => column.show(chunk));
  }

  /** Where a chunk stands in each stage, in words. */
  placesOf(chunk, stages) {
    return stages
      .filter((stage) => !stage.absent)
      .map((stage) => {
        const rank = this.#ranks[stage.name].get(chunk);
        return `${stage.label} ${rank ? formatNumber(rank) : "–"}`;
      })
      .join(" · ");
  }

  #times(run) {
    const steps = run.times.map((step) => h("li", {}, `${step.label} ${formatMilliseconds(step.ms)}`));
    return [...steps, h("li", {}, interpolate(gettext("in all %(time)s"), { time: formatMilliseconds(run.ms) }))];
  }

  #entry(run, chunk, stage, hit, other) {
    const sides = ["dense", "keyword"].includes(stage.name);
    const moved = movedBy(this.#ranks, stage.name, hit.chunk);
    const place = [chunk.filename, headingWords(chunk), pageWords(chunk.page)].filter(Boolean).join(" · ");
    const beginning = chunk.text.slice(0, BEGINNING);
    return h(
      "button",
      { class: "hit", type: "button", "data-chunk": hit.chunk, "aria-pressed": "false" },
      h("span", { class: "hit__rank number" }, formatNumber(hit.rank)),
      h("span", { class: "hit__title truncate", dir: "auto" }, chunk.title || chunk.filename),
      h("span", { class: "hit__score number" }, SCORE[stage.name](hit.score)),
      h("span", { class: "hit__place truncate", dir: "auto" }, place),
      h("span", { class: "hit__text", dir: "auto" }, beginning.length < chunk.text.length ? `${beginning}…` : beginning),
      h(
        "span",
        { class: "hit__marks" },
        moved ? movement(moved) : null,
        sides ? null : h("span", { class: "soft number" }, sideWords(this.#ranks, hit.chunk).filter(Boolean).join(" · ")),
        loneSide(run, this.#ranks, hit.chunk),
        compared(other, stage, hit),
      ),
    );
  }
}
