/** The list of an assistant's versions: an opened prompt shows what changed in it since the version before. */

import { h } from "../dom.js";
import { diffWords } from "./diff.js";

const TAGS = { gone: "del", new: "ins" };
const versions = [...document.querySelectorAll("[data-version-diff]")];
const prompts = versions.map((version) => version.querySelector("[data-version-prompt]").textContent);

versions.forEach((version, index) => {
  const before = prompts[index + 1];
  if (before === undefined) {
    return;
  }
  version.addEventListener(
    "toggle",
    () => {
      const pieces = diffWords(before, prompts[index]);
      version
        .querySelector("[data-version-prompt]")
        .replaceChildren(...pieces.map(([kind, text]) => (TAGS[kind] ? h(TAGS[kind], {}, text) : text)));
    },
    { once: true },
  );
});
