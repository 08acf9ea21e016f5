/**
 * The form of a data source: who may see it, and the connection, which can be tried with what stands in the fields.
 */

import { h, icon } from "../dom.js";
import { postJson } from "../http.js";
import { gettext } from "../i18n.js";
import { showReaders } from "./readers.js";

const CHECK_TIMEOUT_MS = 90000;

const form = document.querySelector("[data-source-form]");
showReaders(form);

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
