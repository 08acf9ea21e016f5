/** One column of the playground: a version, changed in place to a draft, and what it answers. */

import { h } from "../dom.js";
import { postJson } from "../http.js";
import { decimals, gettext, interpolate, ngettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { configOf, differences, fillForm, readForm } from "./drafts.js";
import { RunResult } from "./result.js";

const hundredths = decimals(2);

/** Drives an element with data-column; `data` is what the page gave about assistants, models and sources. */
export class PlaygroundColumn extends EventTarget {
  #element;
  #form;
  #data;
  #saveUrl;
  #assistant = null;
  #version = null;

  constructor(element, data, saveUrl) {
    super();
    this.#element = element;
    this.#data = data;
    this.#saveUrl = saveUrl;
    this.#form = element.querySelector("[data-config]");
    const takeAway = (filter) => this.dispatchEvent(new CustomEvent("take-away", { detail: filter }));
    this.result = new RunResult(element, data.step_names, takeAway);
    this.#fillChoices();
    this.#form.addEventListener("input", () => this.#changed());
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#picker.addEventListener("change", () => this.choose(this.#picker.value));
    element.querySelector("[data-reset]").addEventListener("click", () => this.choose(this.chosen));
    element.querySelector("[data-stop]").addEventListener("click", () => this.dispatchEvent(new CustomEvent("stop")));
    this.#saveDialog.querySelector("form").addEventListener("submit", (event) => this.#save(event));
  }

  get name() {
    return this.#element.dataset.column;
  }

  /** The chosen version as it stands in the address: "slug:number". */
  get chosen() {
    return this.#assistant ? `${this.#assistant.slug}:${this.#version.number}` : "";
  }

  get config() {
    return readForm(this.#form, this.#assistant.slug);
  }

  /** Whether the settings can be run; shows what is wrong when not. */
  check() {
    if (!this.#assistant) {
      return false;
    }
    const { sources } = this.config;
    this.#element.querySelector("[data-sources-error]").hidden = sources === null || sources.length > 0;
    return this.#form.reportValidity() && (sources === null || sources.length > 0);
  }

  /** Begin with a version, "slug:number"; an unknown one leaves things as they are. */
  choose(value) {
    const [slug, number] = value.split(":");
    const assistant = this.#data.assistants.find((one) => one.slug === slug);
    const version = assistant?.versions.find((one) => one.number === Number(number));
    if (!version) {
      return false;
    }
    this.#assistant = assistant;
    this.#version = version;
    this.#picker.value = value;
    fillForm(this.#form, configOf(assistant, version));
    this.#changed();
    this.dispatchEvent(new CustomEvent("chosen"));
    return true;
  }

  /** Change settings of the chosen version: a draft that is yet to be saved. */
  change(settings) {
    fillForm(this.#form, { ...this.config, ...settings });
    this.#changed();
  }

  /** Show whether a run is under way. */
  draw() {
    this.#element.querySelector("[data-stop]").hidden = !this.result.isRunning;
  }

  get #picker() {
    return this.#form.elements.version;
  }

  get #saveDialog() {
    return this.#element.querySelector("[data-save-dialog]");
  }

  #fillChoices() {
    this.#fillVersions();
    this.#form.elements.model.replaceChildren(...this.#data.models.map((model) => h("option", { value: model.id }, model.name)));
    this.#element.querySelector("[data-sources]").replaceChildren(
      ...this.#data.sources.map((source) =>
        h("label", {}, h("input", { type: "checkbox", name: "source", value: source.id }), ` ${source.name}`),
      ),
    );
  }

  #fillVersions() {
    this.#picker.replaceChildren(
      ...this.#data.assistants.map((assistant) => {
        const group = h("optgroup", { label: assistant.name });
        group.append(
          ...assistant.versions.map((version) => {
            const words =
              version.number === assistant.published
                ? gettext("%(name)s, version %(n)s (published)")
                : gettext("%(name)s, version %(n)s");
            return h(
              "option",
              { value: `${assistant.slug}:${version.number}` },
              interpolate(words, { name: assistant.name, n: version.number }),
            );
          }),
        );
        return group;
      }),
    );
  }

  #changed() {
    if (!this.#assistant) {
      return;
    }
    const fields = this.#form.elements;
    this.#element.querySelector("[data-threshold]").textContent = hundredths(Number(fields.threshold.value));
    const choices = this.#element.querySelector("[data-sources]");
    choices.hidden = fields.all_sources.checked;
    const changed = differences(this.config, configOf(this.#assistant, this.#version)).length;
    const state = this.#element.querySelector("[data-draft-state]");
    state.textContent = changed
      ? interpolate(ngettext("draft, %(n)s change", "draft, %(n)s changes", changed), { n: changed })
      : gettext("as saved");
    state.className = `badge${changed ? " badge--warn" : ""}`;
    this.#element.querySelector("[data-reset]").hidden = !changed;
    this.#element.querySelector("[data-save]").disabled = !changed;
  }

  async #save(event) {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      const publish = form.elements.publish.checked;
      const saved = await postJson(this.#saveUrl, { config: this.config, note: form.elements.note.value, publish });
      this.#saveDialog.close();
      form.reset();
      this.dispatchEvent(new CustomEvent("saved", { detail: saved }));
      const words = publish ? gettext("Version %(n)s is published.") : gettext("Version %(n)s is saved, not published.");
      toast(interpolate(words, { n: saved.version.number }), { kind: "ok" });
    } catch (error) {
      toast(error.message, { kind: "bad" });
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** The list of versions has grown. */
  refreshVersions() {
    const value = this.chosen;
    this.#fillVersions();
    this.#picker.value = value;
  }
}
