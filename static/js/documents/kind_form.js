/** The form of an embedder or a reranker: only the fields of its kind, and a trial of what is entered. */

import { h, icon } from "../dom.js";
import { postJson } from "../http.js";

const TRIAL_TIMEOUT_MS = 60000;
const form = document.querySelector("[data-kind-form]");
const kind = form.elements.kind;
const result = form.querySelector("[data-try-result]");

function showFields() {
  for (const group of form.querySelectorAll("[data-for-kind]")) {
    group.hidden = !group.dataset.forKind.split(" ").includes(kind.value);
    for (const name of (group.dataset.needed ?? "").split(" ").filter(Boolean)) {
      form.elements[name].required = !group.hidden;
    }
  }
}

function say(name, variant, text) {
  result.replaceChildren(h("div", { class: `notice notice--${variant}` }, icon(name), h("p", { class: "notice__body" }, text)));
}

async function attempt(button) {
  if (!form.checkValidity()) {
    // Each field says what is wrong; see forms.js.
    result.replaceChildren();
    return;
  }
  button.setAttribute("aria-busy", "true");
  result.replaceChildren(h("p", { class: "soft" }, button.dataset.trying));
  try {
    const { message } = await postJson(button.dataset.try, new FormData(form), TRIAL_TIMEOUT_MS);
    say("check", "ok", message);
  } catch (error) {
    say("alert", "bad", error.message);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// What was found holds for what stood in the fields then.
form.addEventListener("input", () => result?.replaceChildren());
if (kind) {
  kind.addEventListener("change", showFields);
  showFields();
}
form.querySelector("[data-try]")?.addEventListener("click", (event) => attempt(event.currentTarget));
