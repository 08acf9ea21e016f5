/** Blocks of code: the language's name, a button that copies, and colours once the language's grammar has come. */

import { copyText } from "../copy.js";
import { h, icon } from "../dom.js";
import { gettext } from "../i18n.js";
import { toast } from "../toasts.js";
import { placeMarks, withoutMarks } from "./anchors.js";

const LONGEST_COLOURED = 20_000;
const LONGEST_SHOWN = 100_000;

// Written out, so that whoever reads the page's files finds each of them.
const GRAMMARS = {
  bash: ["Shell", () => import("../../vendor/highlight/languages/bash.js")],
  c: ["C", () => import("../../vendor/highlight/languages/c.js")],
  cpp: ["C++", () => import("../../vendor/highlight/languages/cpp.js")],
  csharp: ["C#", () => import("../../vendor/highlight/languages/csharp.js")],
  css: ["CSS", () => import("../../vendor/highlight/languages/css.js")],
  diff: ["Diff", () => import("../../vendor/highlight/languages/diff.js")],
  dockerfile: ["Dockerfile", () => import("../../vendor/highlight/languages/dockerfile.js")],
  go: ["Go", () => import("../../vendor/highlight/languages/go.js")],
  ini: ["INI", () => import("../../vendor/highlight/languages/ini.js")],
  java: ["Java", () => import("../../vendor/highlight/languages/java.js")],
  javascript: ["JavaScript", () => import("../../vendor/highlight/languages/javascript.js")],
  json: ["JSON", () => import("../../vendor/highlight/languages/json.js")],
  php: ["PHP", () => import("../../vendor/highlight/languages/php.js")],
  powershell: ["PowerShell", () => import("../../vendor/highlight/languages/powershell.js")],
  python: ["Python", () => import("../../vendor/highlight/languages/python.js")],
  ruby: ["Ruby", () => import("../../vendor/highlight/languages/ruby.js")],
  rust: ["Rust", () => import("../../vendor/highlight/languages/rust.js")],
  sql: ["SQL", () => import("../../vendor/highlight/languages/sql.js")],
  typescript: ["TypeScript", () => import("../../vendor/highlight/languages/typescript.js")],
  xml: ["XML", () => import("../../vendor/highlight/languages/xml.js")],
  yaml: ["YAML", () => import("../../vendor/highlight/languages/yaml.js")],
};
const OTHER_NAMES = {
  ...{ sh: "bash", shell: "bash", zsh: "bash", console: "bash", h: "c", "c++": "cpp", hpp: "cpp", cs: "csharp" },
  ...{ "c#": "csharp", patch: "diff", docker: "dockerfile", golang: "go", toml: "ini", js: "javascript" },
  ...{ jsx: "javascript", mjs: "javascript", ps1: "powershell", py: "python", rb: "ruby", rs: "rust" },
  ...{ postgresql: "sql", ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", yml: "yaml" },
};
const SHOWN_NAMES = { html: "HTML", svg: "SVG", toml: "TOML", text: "", txt: "", plaintext: "" };

let highlighter = null;
const loading = new Map();

function grammarOf(word) {
  const name = OTHER_NAMES[word] ?? word;
  return Object.hasOwn(GRAMMARS, name) ? name : null;
}

async function fetchGrammar(name) {
  const [core, grammar] = await Promise.all([import("../../vendor/highlight/core.js"), GRAMMARS[name][1]()]);
  highlighter ??= core.default;
  highlighter.registerLanguage(name, grammar.default);
}

/** Fetch the grammar of a language; the same promise for everybody who asks. */
export function loadGrammar(name) {
  if (!loading.has(name)) {
    loading.set(name, fetchGrammar(name));
  }
  return loading.get(name);
}

function coloured(text, name, purify) {
  const { value } = highlighter.highlight(text, { language: name, ignoreIllegals: true });
  return purify.sanitize(value, { ALLOWED_TAGS: ["span"], ALLOWED_ATTR: ["class"], RETURN_DOM_FRAGMENT: true });
}

/** Put a figure in the place of `pre`; the name of the grammar that has yet to come before its colours can, or null. */
export function dressCode(pre, purify) {
  const code = pre.querySelector("code") ?? pre;
  const word = /language-(\S+)/.exec(code.className)?.[1].toLowerCase() ?? "";
  const name = grammarOf(word);
  const { text, marks } = withoutMarks(code.textContent);
  const isCut = text.length > LONGEST_SHOWN;
  const isColoured = name && text.length <= LONGEST_COLOURED;
  const isReady = isColoured && highlighter?.getLanguage(name);
  const body = h("code", {}, isReady ? coloured(text, name, purify) : text.slice(0, LONGEST_SHOWN));
  placeMarks(body, marks);
  pre.replaceWith(
    h(
      "figure",
      { class: "code", dir: "ltr" },
      h(
        "figcaption",
        { class: "code__head" },
        h("span", { class: "code__language" }, SHOWN_NAMES[word] ?? (name ? GRAMMARS[name][0] : word.slice(0, 30))),
        h("button", { class: "button button--plain button--small code__copy", type: "button", "data-copy-code": true }, icon("copy", "icon--small"), gettext("Copy")),
      ),
      h("pre", { tabIndex: 0 }, body),
      isCut ? h("p", { class: "code__cut" }, gettext("Only the beginning is shown. Copy the answer to have all of it.")) : null,
    ),
  );
  return isColoured && !isReady ? name : null;
}

/** Copy the code whose button was clicked, without the chips in it. */
export async function copyCode(event) {
  const figure = event.target.closest?.("[data-copy-code]")?.closest(".code");
  if (!figure) {
    return;
  }
  const code = figure.querySelector("code").cloneNode(true);
  code.querySelectorAll("[data-chip], [data-sentence-end]").forEach((extra) => extra.remove());
  if (await copyText(code.textContent.replace(/\n$/, ""))) {
    toast(gettext("Copied."), { kind: "ok" });
  } else {
    getSelection().selectAllChildren(figure.querySelector("code"));
    toast(gettext("The browser did not allow copying. The text is selected: copy it with the keyboard."), { kind: "warn" });
  }
}
