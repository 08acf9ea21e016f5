/** The form of a set of embeddings: only the fields of its kind, and a test of what is entered. */

import { h, icon } from "../dom.js";
import { postJson } from "../http.js";
import { gettext } from "../i18n.js";

const TEST_TIMEOUT_MS = 60000;
const form = document.querySelector("[data-embedder-form]");
const kind = form.elements.kind;
const result = form.querySelector("[data-embedder-test-result]");

function showFields() {
  for (const group of form.querySelectorAll("[data-for-kind]")) {
    group.hidden = !group.dataset.forKind.split(" ").includes(kind.value);
    for (const control of group.querySelectorAll("[name=base_url], [name=model]")) {
      control.required = !group.hidden;
    }
  }
}

function say(name, variant, text) {
  result.replaceChildren(h("div", { class: `notice notice--${variant}` }, icon(name), h("p", { class: "notice__body" }, text)));
}

async function test(button) {
  if (!form.checkValidity()) {
    // Each field says what is wrong; see forms.js.
    result.replaceChildren();
    return;
  }
  button.setAttribute("aria-busy", "true");
  result.replaceChildren(h("p", { class: "soft" }, gettext("Asking for two vectors")));
  try {
    const { message } = await postJson(button.dataset.embedderTest, new FormData(form), TEST_TIMEOUT_MS);
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
form.querySelector("[data-embedder-test]")?.addEventListener("click", (event) => test(event.currentTarget));
