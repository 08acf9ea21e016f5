/** Dropping and choosing files, sending them a few at a time, and the list of how far each one is. */

import { h, icon } from "../dom.js";
import { getJson, postJson } from "../http.js";
import { formatNumber, gettext, interpolate, listed, ngettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { refusal, sendFile, sentWords } from "./send_file.js";
import { isFinal, stateBadge } from "./states.js";

const AT_ONCE = 3;
const MAX_FILES = 2000;
const ASK_PLACES_MS = 3000;
const MOST_PLACES = 50;

const form = document.querySelector("[data-upload]");
const panel = document.querySelector("[data-uploads]");
const list = document.querySelector("[data-uploads-list]");
const readyPart = document.querySelector("[data-uploads-ready]");
const readyList = document.querySelector("[data-uploads-ready-list]");
const summary = document.querySelector("[data-uploads-summary]");

/** All uploads shown, newest first: {file, source, item, state, error, refused, sent}. */
const uploads = [];
const waiting = [];
/** Names of files that turned out to be documents already. */
const here = [];
/** States of documents that the socket told of before the answer to their upload came. */
const early = new Map();
let sending = 0;

function documentUrl(id) {
  return form.dataset.documentUrl.replace("00000000-0000-0000-0000-000000000000", id);
}

function add(upload, { first = true } = {}) {
  upload.item = h("li", { class: "upload-item" });
  uploads.push(upload);
  // What was ready before the page was opened is folded away; what becomes ready before one's eyes stays there.
  const isOld = upload.state?.status === "ready";
  (isOld ? readyList : list)[first ? "prepend" : "append"](upload.item);
  draw(upload);
}

function draw(upload) {
  const { state, error } = upload;
  const name = state ? h("a", { href: documentUrl(state.id), dir: "auto" }, state.filename) : h("span", { dir: "auto" }, upload.file.name);
  upload.item.replaceChildren(
    h("div", { class: "upload-item__name truncate" }, name),
    h("div", { class: "upload-item__state" }, badge(upload)),
    ...[progress(upload), reason(upload)].filter(Boolean),
  );
  if (state) {
    upload.item.dataset.document = state.id;
  }
  const failed = Boolean(error) || state?.status === "failed";
  if (failed && !upload.item.classList.contains("upload-item--failed")) {
    // In a long list what failed is what somebody looks for.
    list.prepend(upload.item);
  }
  upload.item.classList.toggle("upload-item--failed", failed);
  panel.hidden = false;
  count();
}

function badge(upload) {
  if (upload.error) {
    return h("span", { class: "badge badge--bad" }, gettext("Not uploaded"));
  }
  if (upload.state) {
    return stateBadge(upload.state);
  }
  return h("span", { class: "badge badge--accent" }, sentWords(upload.sent));
}

function progress({ state, error, sent }) {
  if (error || isFinal(state?.status)) {
    return null;
  }
  const bar = h("progress", { class: "progress", max: 1, "aria-label": gettext("Progress") });
  if (!state) {
    bar.value = sent;
  } else if (state.total > 0) {
    bar.max = state.total;
    bar.value = state.done;
  }
  return bar;
}

function reason(upload) {
  const error = upload.error ?? upload.state?.error;
  if (!error) {
    return null;
  }
  if (upload.refused) {
    return h("p", { class: "upload-item__reason small" }, error.message);
  }
  const again = h("button", { class: "button button--small", type: "button", on: { click: () => retry(upload) } }, icon("retry"), gettext("Try again"));
  return h("p", { class: "upload-item__reason small" }, h("span", {}, error.message), again);
}

function count() {
  const done = uploads.filter((upload) => upload.state?.status === "ready").length;
  const failed = uploads.filter((upload) => upload.error || upload.state?.status === "failed").length;
  const words = [interpolate(gettext("%(done)s of %(total)s ready"), { done: formatNumber(done), total: formatNumber(uploads.length) })];
  if (failed > 0) {
    words.push(interpolate(gettext("%(failed)s failed"), { failed: formatNumber(failed) }));
  }
  summary.textContent = listed(words);
  readyPart.hidden = !readyList.firstElementChild;
}

function sendNext() {
  while (sending < AT_ONCE && waiting.length > 0) {
    sending += 1;
    send(waiting.shift());
  }
  if (sending === 0) {
    tellHere();
    for (const state of [...early.values()]) {
      early.delete(state.id);
      applyState(state);
    }
  }
}

async function send(upload) {
  const sent = (share) => {
    upload.sent = share;
    draw(upload);
  };
  try {
    finish(upload, await sendFile(form.action, { source: upload.source }, upload.file, sent).answer);
  } catch (error) {
    upload.error = error;
    draw(upload);
  }
  sending -= 1;
  sendNext();
}

function finish(upload, answer) {
  const known = uploads.some((other) => other !== upload && other.state?.id === answer.document.id);
  // A document that these bytes have just made waits to be read; the page may not have heard of an older one yet.
  if (known || answer.document.status !== "received") {
    remove(upload);
    here.push(upload.file.name);
    return;
  }
  upload.file = null;
  upload.state = early.get(answer.document.id) ?? answer.document;
  early.delete(answer.document.id);
  draw(upload);
}

/** Say once, when all are sent, which files were documents already. */
function tellHere() {
  const names = here.splice(0);
  if (names.length === 1) {
    toast(interpolate(gettext("%(name)s is here already."), { name: names[0] }));
  } else if (names.length > 1) {
    toast(interpolate(ngettext("%(count)s file is here already.", "%(count)s files are here already.", names.length), { count: formatNumber(names.length) }));
  }
}

/** Ask now and then where the first of the waiting documents stand; while none waits, nothing is asked. */
async function askPlaces() {
  const waits = uploads.filter((upload) => upload.state?.status === "received").slice(0, MOST_PLACES);
  if (waits.length > 0 && !document.hidden) {
    const query = waits.map((upload) => `document=${upload.state.id}`).join("&");
    try {
      const { places } = await getJson(`${form.dataset.queueUrl}?${query}`);
      for (const upload of waits) {
        if (upload.state?.status === "received") {
          upload.state = { ...upload.state, place: places[upload.state.id] };
          draw(upload);
        }
      }
    } catch {
      // It is asked again.
    }
  }
  setTimeout(askPlaces, ASK_PLACES_MS);
}

function remove(upload) {
  uploads.splice(uploads.indexOf(upload), 1);
  upload.item.remove();
  panel.hidden = uploads.length === 0;
  count();
}

async function retry(upload) {
  if (upload.error) {
    upload.error = null;
    upload.sent = 0;
    take(upload);
    draw(upload);
    sendNext();
    return;
  }
  try {
    const answer = await postJson(`${documentUrl(upload.state.id)}retry`, {});
    upload.state = answer.document;
    draw(upload);
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

/** Queue the upload, unless its size already says that it will be refused. */
function take(upload) {
  const message = refusal(upload.file, form.dataset);
  if (message) {
    upload.error = { message };
    upload.refused = true;
  } else {
    waiting.push(upload);
  }
}

function addFiles(files) {
  if (files.length > MAX_FILES) {
    toast(interpolate(gettext("Only the first %(count)s files are taken at once."), { count: formatNumber(MAX_FILES) }), { kind: "warn" });
  }
  const source = form.elements.source.value;
  const chosen = [...files].slice(0, MAX_FILES).map((file) => ({ file, source, state: null, error: null, sent: 0 }));
  chosen.forEach(take);
  // The last one added stands first; see draw.
  for (const upload of chosen.sort((one, other) => Number(Boolean(one.error)) - Number(Boolean(other.error)))) {
    add(upload);
  }
  sendNext();
}

function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const folders = items.filter((item) => item.webkitGetAsEntry?.()?.isDirectory).length;
  if (folders > 0) {
    toast(gettext("Folders cannot be dropped. Open the folder and choose its files."), { kind: "warn" });
  }
  return items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile()).filter(Boolean);
}

/** Take in what the socket says of a document. */
export function applyState(state) {
  const upload = uploads.find((each) => each.state?.id === state.id);
  if (upload) {
    upload.state = state;
    draw(upload);
  } else if (sending > 0) {
    early.set(state.id, state);
  } else {
    add({ file: null, source: "", state, error: null, sent: 1 });
  }
}

/** Take in the state afresh: documents that are gone leave the list. */
export function applySnapshot(states) {
  const told = new Set(states.map((state) => state.id));
  for (const upload of uploads.filter((each) => each.state && !told.has(each.state.id))) {
    remove(upload);
  }
  for (const state of [...states].reverse()) {
    applyState(state);
  }
}

/** Take a deleted document from the list. */
export function applyDeleted(id) {
  early.delete(id);
  const upload = uploads.find((each) => each.state?.id === id);
  if (upload) {
    remove(upload);
  }
}

if (form) {
  const picker = form.querySelector("input[type=file]");
  const take = () => {
    addFiles(picker.files);
    picker.value = "";
  };
  picker.addEventListener("change", take);
  // Chosen before this script had come.
  if (picker.files.length) take();
  form.addEventListener("submit", (event) => event.preventDefault());
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) {
      depth += 1;
      form.dataset.over = "";
    }
  });
  addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) {
      depth -= 1;
      if (depth <= 0) {
        delete form.dataset.over;
      }
    }
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
    }
  });
  addEventListener("drop", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      depth = 0;
      delete form.dataset.over;
      addFiles(droppedFiles(event.dataTransfer));
    }
  });
  addEventListener("beforeunload", (event) => {
    if (sending > 0 || waiting.length > 0) {
      event.preventDefault();
    }
  });
  setTimeout(askPlaces, ASK_PLACES_MS);
}
