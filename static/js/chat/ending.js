/** How an answer ended when it did not end well, and what can be done then. */

import { h, icon } from "../dom.js";
import { gettext } from "../i18n.js";

const ENDINGS = {
  failed: (answer) => ["alert", answer.error?.message ?? gettext("The answer could not be written. Try again.")],
  stopped: () => ["stop", gettext("You stopped this answer.")],
  interrupted: () => ["alert", gettext("The server was restarted while it wrote this answer.")],
};

function button(name, label, click) {
  return h("button", { class: "button button--small", type: "button", on: { click } }, icon(name, `icon--small${name === "go-on" ? " icon--directional" : ""}`), label);
}

/** The notice under an answer that broke off, null for any other; `handlers`: {retry, goOn}. */
export function makeEnding(answer, handlers) {
  const ending = ENDINGS[answer.status]?.(answer);
  if (!ending) {
    return null;
  }
  const [name, words] = ending;
  const isFailure = answer.status === "failed";
  return h(
    "div",
    { class: `notice${isFailure ? " notice--bad" : ""}`, role: isFailure ? "alert" : null },
    icon(name),
    h("div", { class: "notice__body" }, h("p", {}, words)),
    h(
      "div",
      { class: "actions" },
      answer.text.trim() ? button("go-on", gettext("Go on"), () => handlers.goOn(answer)) : null,
      button("retry", gettext("Try again"), () => handlers.retry(answer)),
    ),
  );
}
