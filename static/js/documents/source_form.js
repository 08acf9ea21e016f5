/**
 * The form of a data source: groups and people matter only when it is restricted, long lists can be searched, and the
 * connection can be tried with what stands in the fields.
 */

import { h, icon } from "../dom.js";
import { postJson } from "../http.js";
import { gettext } from "../i18n.js";

const SEARCH_FROM = 8;
const CHECK_TIMEOUT_MS = 90000;

const form = document.querySelector("[data-source-form]");
const readers = form.querySelector("[data-readers]");

function show() {
  readers.hidden = form.elements.visibility.value !== "restricted";
}

form.addEventListener("change", show);
show();

for (const choices of readers.querySelectorAll(".field__choices")) {
  const labels = [...choices.querySelectorAll("label")];
  if (labels.length < SEARCH_FROM) {
    continue;
  }
  const search = h("input", { class: "input", type: "search", "aria-label": gettext("Search names"), placeholder: gettext("Search names") });
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    const words = search.value.trim().toLowerCase();
    for (const label of labels) {
      const row = label.closest(".field__choices > div > div") ?? label;
      row.hidden = !label.textContent.toLowerCase().includes(words) && !label.querySelector("input")?.checked;
    }
  });
  choices.before(search);
}

const check = form.querySelector("[data-connection-check]");
const result = form.querySelector("[data-connection-result]");

function say(name, variant, text) {
  result.replaceChildren(h("div", { class: `notice notice--${variant}` }, icon(name), h("p", { class: "notice__body" }, text)));
}

// What was found holds for what stood in the fields then.
form.addEventListener("input", () => result?.replaceChildren());

check?.addEventListener("click", async () => {
  const wanted = [...form.querySelectorAll("[name^=connector-]")].filter((control) => !control.checkValidity());
  if (wanted.length > 0) {
    // Each of them says what is wrong; see forms.js.
    result.replaceChildren();
    wanted[0].focus();
    return;
  }
  check.setAttribute("aria-busy", "true");
  result.replaceChildren(h("p", { class: "soft" }, gettext("Testing the connection. It may take a minute.")));
  try {
    say("check", "ok", (await postJson(check.dataset.connectionCheck, new FormData(form), CHECK_TIMEOUT_MS)).message);
  } catch (error) {
    say("alert", "bad", error.message);
  } finally {
    check.removeAttribute("aria-busy");
  }
});
