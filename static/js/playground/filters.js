/** Rows of filters: which field of a document, how it is compared, and with what. */

import { freshId, h, icon } from "../dom.js";
import { gettext } from "../i18n.js";

const SEVERAL = ["any_of", "none_of"];
const ORDERED = ["before", "after", "from", "until"];
const CUSTOM = "custom.";
const MISSING = "missing";

/** A filter as it stands in an address: "kind:any_of:pdf,docx". Pure. */
export function filterText({ field, operator, value }) {
  return [field, operator, Array.isArray(value) ? value.join(",") : value].join(":");
}

/** The filter that such a text stands for, null for none. Pure. */
export function filterOf(text) {
  const [, field, operator, value] = text.match(/^([^:]+):([^:]+):([^]*)$/) ?? [];
  return field ? { field, operator, value: SEVERAL.includes(operator) ? listed(value) : value } : null;
}

/** The values between commas, those of the Latin script or of the Arabic one. */
function listed(value) {
  return value.split(/[,،]/).map((each) => each.trim()).filter(Boolean);
}

/** Drives an element with data-filters, with a place for rows and a button; `choices` is what the page offers. */
export class FilterRows {
  #list;
  #add;
  #choices;

  constructor(element, choices) {
    this.#choices = choices;
    this.#list = element.querySelector("[data-filter-rows]");
    this.#add = element.querySelector("[data-filter-add]");
    this.#add.addEventListener("click", () => this.#append().querySelector("select").focus());
  }

  get #rows() {
    return [...this.#list.children];
  }

  /** The filters as the server takes them. */
  read() {
    return this.#rows.map((row) => {
      const [field, name, operator, value] = [...row.querySelectorAll("select, input")];
      const said = value.value.trim();
      return {
        field: field.value === CUSTOM ? CUSTOM + name.value.trim() : field.value,
        operator: operator.value === MISSING ? "exists" : operator.value,
        value: operator.value === MISSING ? "false" : operator.value === "exists" ? "" : SEVERAL.includes(operator.value) ? listed(said) : said,
      };
    });
  }

  /** Show these filters and no others; what the page does not offer is left out. */
  fill(filters) {
    this.#list.replaceChildren();
    filters.slice(0, this.#choices.most).forEach((each) => this.#append(each));
    this.#draw();
  }

  /** Say beside a row what is wrong with it, until it is changed. */
  fail(index, message) {
    const value = this.#rows[index]?.querySelector("[data-filter-value]");
    const control = value?.hidden ? value.closest("[data-field]").querySelector("select") : value;
    control?.setCustomValidity(message);
    control?.checkValidity();
    return control;
  }

  #append(filter = { field: this.#choices.fields[0].name, operator: "is", value: "" }) {
    const row = this.#row();
    const [field, name, operator, value] = [...row.querySelectorAll("select, input")];
    field.value = filter.field.startsWith(CUSTOM) ? CUSTOM : filter.field;
    if (field.selectedIndex === -1) {
      return null;
    }
    this.#list.append(row);
    name.value = filter.field.startsWith(CUSTOM) ? filter.field.slice(CUSTOM.length) : "";
    this.#offer(row);
    operator.value = filter.operator === "exists" && filter.value === "false" ? MISSING : filter.operator;
    if (operator.selectedIndex === -1) {
      operator.selectedIndex = 0;
    }
    value.value = Array.isArray(filter.value) ? filter.value.join(", ") : filter.operator === "exists" ? "" : filter.value;
    this.#offer(row);
    this.#draw();
    return row;
  }

  #row() {
    const errorId = freshId("filter-error");
    const row = h(
      "li",
      { class: "filter-row", "data-field": true },
      h("select", { "aria-label": gettext("Field") }, ...this.#choices.fields.map(({ name, label }) => h("option", { value: name }, label))),
      h("input", {
        type: "text", "aria-label": gettext("Name of the fact"), placeholder: gettext("name"), maxLength: 40,
        pattern: "[a-z][a-z0-9_]*", title: gettext("Small letters, digits and underscores, a letter first."),
        autocapitalize: "none", spellcheck: false,
      }),
      h("select", { "aria-label": gettext("Comparison") }),
      h("input", { type: "text", "aria-label": gettext("Value"), maxLength: 2000, dir: "auto", "data-filter-value": true }),
      h("button", { class: "button button--icon", type: "button", "aria-label": gettext("Remove this filter") }, icon("trash")),
      h("div", { class: "field__error", id: errorId, "data-field-error": true, hidden: true }, icon("alert", "icon--small"), h("span", {})),
    );
    row.addEventListener("input", () => {
      row.querySelectorAll("select, input").forEach((each) => each.setCustomValidity(""));
      row.querySelector("[data-field-error]").hidden = true;
      row.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
      this.#offer(row);
    });
    row.querySelector("button").addEventListener("click", () => this.#remove(row));
    return row;
  }

  #remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#draw();
    (next?.querySelector("button") ?? this.#add).focus();
  }

  /** The operators of the row's field, and the controls that it needs. */
  #offer(row) {
    const [field, name, operator, value] = [...row.querySelectorAll("select, input")];
    const { operators } = this.#choices.fields.find((each) => each.name === field.value);
    const offered = operators.map((each) => [each, this.#choices.operators[each]]);
    if (operators.includes("exists")) {
      offered.push([MISSING, this.#choices.missing]);
    }
    if ([...operator.options].map((each) => each.value).join() !== offered.map(([each]) => each).join()) {
      const before = operator.value;
      operator.replaceChildren(...offered.map(([each, words]) => h("option", { value: each }, words)));
      operator.value = offered.some(([each]) => each === before) ? before : offered[0][0];
    }
    name.hidden = !(name.required = field.value === CUSTOM);
    value.hidden = !(value.required = !["exists", MISSING].includes(operator.value));
    const dated = ["date", "created", "modified"].includes(field.value);
    value.placeholder = SEVERAL.includes(operator.value)
      ? gettext("several, with commas")
      : dated || (field.value === CUSTOM && ORDERED.includes(operator.value))
        ? gettext("2023, 2023-05 or 2023-05-31")
        : "";
  }

  #draw() {
    this.#add.hidden = this.#rows.length >= this.#choices.most;
  }
}
