/** The first steps: looks for the models of a server, Ollama on this machine unasked, and puts the chosen one to work. */

import { h, icon } from "../dom.js";
import { postJson } from "../http.js";
import { gettext } from "../i18n.js";

const LOOK_MS = 30000;
const CONNECT_MS = 120000;

const form = document.querySelector("[data-connect]");
const found = document.querySelector("[data-found]");
const detected = document.querySelector("[data-detected]");

function notice(kind, name, words) {
  return h("div", { class: `notice notice--${kind}` }, icon(name), h("p", { class: "notice__body" }, words));
}

function showModels({ models, message }) {
  found.replaceChildren(
    h("p", { class: "soft small" }, message),
    models.length ? h("ul", { class: "steps-list__models", role: "list" }, ...models.map(makeModel)) : "",
  );
}

function makeModel(name) {
  const button = h(
    "button",
    { class: "button button--plain steps-list__model", type: "button" },
    h("span", { class: "truncate", dir: "auto" }, name),
    h("span", { class: "soft small" }, gettext("Use it")),
  );
  button.addEventListener("click", () => connect(button, name));
  return h("li", {}, button);
}

async function look(event) {
  event.preventDefault();
  const button = form.querySelector("[data-look]");
  button.setAttribute("aria-busy", "true");
  found.replaceChildren(h("p", { class: "soft" }, gettext("Asking the server for its models")));
  try {
    showModels(await postJson(form.dataset.lookUrl, new FormData(form), LOOK_MS));
  } catch (error) {
    found.replaceChildren(notice("bad", "alert", error.message));
  }
  button.removeAttribute("aria-busy");
}

async function connect(button, name) {
  form.elements.model_name.value = name;
  button.setAttribute("aria-busy", "true");
  const said = h("p", { class: "soft" }, gettext("Asking the model for one word; a large one is loaded first, which can take a minute"));
  found.append(said);
  try {
    const { message } = await postJson(form.dataset.connectUrl, new FormData(form), CONNECT_MS);
    found.replaceChildren(notice("ok", "check", message));
  } catch (error) {
    said.replaceWith(notice("bad", "alert", error.message));
  }
  button.removeAttribute("aria-busy");
}

/** Ollama on this machine is found without a click; where there is none, nothing is said. */
async function detect() {
  try {
    const answer = await postJson(`${form.dataset.lookUrl}?quiet`, new FormData(form), LOOK_MS);
    if (answer.models.length) {
      detected.textContent = gettext("Ollama answers on this machine.");
      detected.hidden = false;
      showModels(answer);
    }
  } catch {
    // The form stands there for any other address.
  }
}

form.addEventListener("submit", look);
// Before that, sending the form would put the key into an address.
form.querySelector("[data-look]").disabled = false;
detect();
