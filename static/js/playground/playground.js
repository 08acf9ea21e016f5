/** The playground page: two columns, one question, one socket. The chosen versions stand in the address. */

import { LiveSocket } from "../chat/socket.js";
import { jsonScript } from "../dom.js";
import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { PlaygroundColumn } from "./column.js";
import { draftOf } from "./drafts.js";

const root = document.querySelector("[data-playground]");
const data = jsonScript("playground-data");
const question = root.querySelector("[data-question]");
const socket = new LiveSocket(root.dataset.socket);
const columns = new Map(
  [...root.querySelectorAll("[data-column]")].map((element) => [
    element.dataset.column,
    new PlaygroundColumn(element, data, root.dataset.saveUrl),
  ]),
);

/** What was asked last in each column, by its name. */
const runs = new Map();

function keepAddress() {
  const query = new URLSearchParams(location.search);
  // A draft that came in the address is in the form now.
  [...query.keys()].filter((name) => name === "q" || name.startsWith("draft-")).forEach((name) => query.delete(name));
  for (const column of columns.values()) {
    if (column.chosen) {
      query.set(column.name, column.chosen);
    }
  }
  history.replaceState(null, "", `?${query}`);
}

function chooseFirstVersions() {
  const query = new URLSearchParams(location.search);
  const assistant = data.assistants[0];
  if (!assistant?.versions.length) {
    return;
  }
  const published = `${assistant.slug}:${assistant.published ?? assistant.versions[0].number}`;
  for (const column of columns.values()) {
    if (!column.choose(query.get(column.name) ?? "")) {
      column.choose(published);
    }
  }
  question.value = query.get("q") ?? "";
  const draft = draftOf(query);
  if (draft) {
    columns.get("b").change(draft);
  }
}

/** Run one column; `takenAway` are filters that the question says and that shall not narrow the search. */
function runColumn(column, text, config, takenAway = []) {
  const without = takenAway.map((filter) => filter.key);
  const isSent = socket.send({ type: "run", column: column.name, question: text, config, without });
  if (isSent) {
    runs.set(column.name, { text, config, takenAway });
    column.result.start(takenAway);
    column.draw();
  } else {
    toast(gettext("There is no connection. Try again in a moment."), { kind: "warn" });
  }
  return isSent;
}

function run() {
  const text = question.value.trim();
  if (!text) {
    question.focus();
    toast(gettext("Write a question first."));
    return;
  }
  if ([...columns.values()].some((column) => !column.check())) {
    return;
  }
  for (const column of columns.values()) {
    if (!runColumn(column, text, column.config)) {
      return;
    }
  }
}

for (const column of columns.values()) {
  column.addEventListener("chosen", keepAddress);
  // The same question with the same settings, in this column alone: what the filter does is seen beside the other.
  column.addEventListener("take-away", ({ detail: filter }) => {
    const { text, config, takenAway } = runs.get(column.name);
    runColumn(column, text, config, [...takenAway, filter]);
  });
  column.addEventListener("stop", () => socket.send({ type: "stop", column: column.name }));
  column.addEventListener("saved", ({ detail }) => {
    const assistant = data.assistants.find((one) => one.slug === detail.assistant);
    assistant.versions.unshift(detail.version);
    if (detail.published) {
      assistant.published = detail.version.number;
    }
    columns.forEach((other) => other.refreshVersions());
    column.choose(`${detail.assistant}:${detail.version.number}`);
  });
}

root.querySelector("[data-question-form]").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    run();
  }
});

socket.addEventListener("message", ({ detail: event }) => {
  const column = columns.get(event.column);
  if (column) {
    if (event.type !== "run.started") {
      column.result.take(event);
    }
    column.draw();
  } else if (event.type === "error") {
    toast(event.message, { kind: "bad" });
  }
});
socket.addEventListener("lost", () => {
  for (const column of columns.values()) {
    column.result.fail(gettext("The connection was lost, and the run with it. Run it again."));
    column.draw();
  }
});

chooseFirstVersions();
socket.connect();
