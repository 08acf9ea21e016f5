/** Changing a chunk: the text field in its card, leaving it out, and the way back from each. */

import { freshId } from "../dom.js";
import { markSaved } from "../forms.js";
import { getText, postJson } from "../http.js";
import { gettext, interpolate } from "../i18n.js";
import { toast } from "../toasts.js";

const root = document.querySelector("[data-inspector]");
const template = document.querySelector("template[data-editor]");

let open = null;

const textOf = (card) => card.querySelector("[data-chunk-text]").textContent;
const numberOf = (card) => Number(card.dataset.ordinal) + 1;

function urlOf(card, action) {
  return root.dataset.action.replace("/0/edit", `/${card.dataset.chunk}/${action}`);
}

function formOf(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    data.set(name, value);
  }
  return data;
}

/** Whether a text field is open. */
export function isEditing() {
  return open !== null;
}

/** The card that the server has at the place of this one now, or null. */
async function cardNow(card) {
  const query = new URLSearchParams({ from: card.dataset.ordinal, size: 1 });
  const html = await getText(`${root.dataset.list}?${query}`);
  const now = document.createRange().createContextualFragment(html).querySelector("[data-chunk]");
  return now?.dataset.ordinal === card.dataset.ordinal ? now : null;
}

async function post(card, action, fields) {
  try {
    return await postJson(urlOf(card, action), formOf(fields));
  } catch (error) {
    // The document was read anew, and its chunks have other numbers. The same text at the same place is the same chunk.
    const now = error.code === "chunk_not_found" ? await cardNow(card) : null;
    if (now?.dataset.revision !== card.dataset.revision) {
      throw error;
    }
    card.dataset.chunk = now.dataset.chunk;
    return postJson(urlOf(card, action), formOf(fields));
  }
}

/** Send a change; the card as it is afterwards, which takes the old one's place. */
async function send(card, action, fields = {}) {
  const { html } = await post(card, action, fields);
  root.dispatchEvent(new Event("chunk-changed"));
  const fresh = document.createRange().createContextualFragment(html).querySelector("[data-chunk]");
  const there = document.getElementById(card.id);
  if (there) {
    fresh.tabIndex = there.tabIndex;
    if (there.hasAttribute("data-chosen")) {
      fresh.toggleAttribute("data-chosen", true);
      fresh.setAttribute("aria-current", "true");
    }
    const hadFocus = there.contains(document.activeElement);
    there.replaceWith(fresh);
    if (hadFocus) {
      fresh.focus({ preventScroll: true });
    }
  }
  return fresh;
}

const DONE = {
  edit: gettext("Chunk %(number)s is saved. Searches read the new text from now on."),
  reset: gettext("Chunk %(number)s has its own text again."),
  exclude: gettext("Chunk %(number)s is left out of searches and answers."),
  include: gettext("Chunk %(number)s can be found again."),
};

/** What takes a change back: the action and its fields. */
function backFrom(card, action) {
  if (action === "exclude") {
    return ["include", {}];
  }
  if (action === "include") {
    return ["exclude", {}];
  }
  return card.hasAttribute("data-edited") ? ["edit", { text: textOf(card) }] : ["reset", {}];
}

async function change(card, action, fields) {
  const [backAction, backFields] = backFrom(card, action);
  const fresh = await send(card, action, fields);
  const undo = async () => {
    try {
      await send(fresh, backAction, backAction === "edit" ? { ...backFields, revision: fresh.dataset.revision } : {});
    } catch (error) {
      toast(error.message, { kind: "bad" });
    }
  };
  toast(interpolate(DONE[action], { number: numberOf(card) }), { kind: "ok", action: { label: gettext("Undo"), run: undo } });
  return fresh;
}

/** Exclude, include or reset a chunk. */
export async function act(card, action) {
  const button = card.querySelector(`[data-act="${action}"]`);
  button.setAttribute("aria-busy", "true");
  try {
    await change(card, action, {});
  } catch (error) {
    button.removeAttribute("aria-busy");
    toast(error.message, { kind: "bad" });
  }
}

function showError(form, message) {
  const slot = form.querySelector("[data-field-error]");
  slot.querySelector("span").textContent = message;
  slot.hidden = !message;
  const field = form.elements.text;
  field.toggleAttribute("aria-invalid", Boolean(message));
  if (message) {
    field.setAttribute("aria-invalid", "true");
  }
}

/** Somebody else was faster: show their text, and let the next save replace it. */
async function showTheirs(form, card) {
  const theirs = await cardNow(card);
  if (theirs) {
    card.dataset.chunk = theirs.dataset.chunk;
    card.dataset.revision = theirs.dataset.revision;
    form.querySelector("[data-theirs-text]").textContent = textOf(theirs);
    form.querySelector("[data-theirs]").hidden = false;
  }
}

async function save(form, card) {
  const button = form.querySelector("[type=submit]");
  const text = form.elements.text.value;
  if (!form.elements.text.validity.valid) {
    showError(form, form.elements.text.validationMessage);
    form.elements.text.focus();
    return;
  }
  button.setAttribute("aria-busy", "true");
  try {
    markSaved(form);
    open = null;
    await change(card, "edit", { text, revision: card.dataset.revision });
  } catch (error) {
    open = { form, card };
    button.removeAttribute("aria-busy");
    showError(form, error.message);
    if (error.code === "chunk_changed") {
      await showTheirs(form, card);
    }
    form.elements.text.focus();
  }
}

/** Open the text field in a card, in the place of one that is open. */
export function openEditor(card, text = textOf(card)) {
  if (open?.card === card) {
    return;
  }
  closeEditor();
  const form = template.content.firstElementChild.cloneNode(true);
  const field = form.elements.text;
  field.id = freshId("chunk-text");
  form.querySelector("[data-label]").htmlFor = field.id;
  const error = form.querySelector("[data-field-error]");
  error.id = freshId("chunk-error");
  field.setAttribute("aria-describedby", error.id);
  field.value = text;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form, card);
  });
  field.addEventListener("input", () => {
    field.setCustomValidity(field.value.trim() ? "" : gettext("There is no text. Write some, or exclude the chunk."));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.querySelector("[data-cancel]").addEventListener("click", () => closeEditor());
  open = { form, card };
  card.setAttribute("data-editing", "");
  card.querySelector(".chunk__foot").before(form);
  field.focus();
  card.scrollIntoView({ block: "nearest" });
}

/** Close the text field; what was typed can be brought back. */
export function closeEditor() {
  if (!open) {
    return;
  }
  const { form, card } = open;
  const typed = form.elements.text.value;
  open = null;
  markSaved(form);
  form.remove();
  card.removeAttribute("data-editing");
  card.focus({ preventScroll: true });
  if (typed !== textOf(card)) {
    const run = () => {
      const there = document.getElementById(card.id);
      if (there) {
        openEditor(there, typed);
      }
    };
    toast(gettext("Your changes were not saved."), { action: { label: gettext("Bring them back"), run } });
  }
}
