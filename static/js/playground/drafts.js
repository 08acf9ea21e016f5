/** A column's settings as data: from a version, compared with one, read from and put into its form. */

/** The settings of a search by their names: "text" or "number", as their fields hold them. */
export const SEARCH = {
  fusion: "text",
  dense_weight: "number",
  candidates: "number",
  reranker: "text",
  rerank_depth: "number",
};

/** How questions are understood and how much is read for them: "number", or "flag" for a box to check. */
export const QUESTION = { rewrite: "flag", said_filters: "flag", max_steps: "number", passage_tokens: "number" };

const SETTINGS = { ...SEARCH, ...QUESTION };
const FROM_TEXT = { text: (value) => value, number: Number, flag: (value) => value === "true" };

/** The settings of a version, as the socket and the save request take them. */
export function configOf(assistant, version) {
  return {
    assistant: assistant.slug,
    system_prompt: version.system_prompt,
    model: version.model,
    sources: version.sources,
    passages: version.passages,
    threshold: version.threshold,
    ...Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, version[name]])),
  };
}

/** What an address says of a draft ("draft-fusion=rrf"): the settings it names; null where it names none. Pure. */
export function draftOf(query) {
  const kinds = { passages: "number", threshold: "number", ...SETTINGS };
  const draft = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const value = query.get(`draft-${name}`);
    if (value !== null) {
      draft[name] = FROM_TEXT[kind](value);
    }
  }
  if (!Object.keys(draft).length) {
    return null;
  }
  const sources = query.getAll("draft-sources");
  return { ...draft, sources: sources.length ? sources : null };
}

/** Names of the settings in which two drafts differ. Pure. */
export function differences(a, b) {
  const plain = (config) => ({ ...config, sources: config.sources === null ? null : [...config.sources].sort() });
  const [left, right] = [plain(a), plain(b)];
  return Object.keys(left).filter((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]));
}

/** What the fields of settings say, of a search's unless others are named; `fieldOf` gives the field of a name. */
export function readSettings(fieldOf, settings = SEARCH) {
  return Object.fromEntries(
    Object.entries(settings).map(([name, kind]) => {
      const field = fieldOf(name);
      return [name, kind === "flag" ? field.checked : FROM_TEXT[kind](field.value)];
    }),
  );
}

/** What the form of a column says now. */
export function readForm(form, assistant) {
  const fields = form.elements;
  const chosen = [...form.querySelectorAll("[name=source]:checked")].map((box) => box.value);
  return {
    assistant,
    system_prompt: fields.system_prompt.value,
    model: Number(fields.model.value),
    sources: fields.all_sources.checked ? null : chosen,
    passages: Number(fields.passages.value),
    threshold: Number(fields.threshold.value),
    ...readSettings((name) => fields[name], SETTINGS),
  };
}

/** Show a draft in the form of a column. */
export function fillForm(form, config) {
  const fields = form.elements;
  fields.system_prompt.value = config.system_prompt;
  fields.model.value = config.model;
  fields.all_sources.checked = config.sources === null;
  for (const box of form.querySelectorAll("[name=source]")) {
    box.checked = config.sources?.includes(box.value) ?? false;
  }
  fields.passages.value = config.passages;
  fields.threshold.value = config.threshold;
  for (const [name, kind] of Object.entries(SETTINGS)) {
    if (kind === "flag") {
      fields[name].checked = config[name];
      continue;
    }
    fields[name].value = config[name];
    if (fields[name].selectedIndex === -1) {
      // A reranker that is there no more: the server says so when it is used.
      fields[name].add(new Option(config[name], config[name], false, true));
    }
  }
}
