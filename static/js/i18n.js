/**
 * Words on the screen, in the reader's language.
 *
 * The source holds English, marked as `manage.py messages` finds it. A page in another language loads the catalogue of
 * that language before any other script (`languages/`, made by the same command); without one the English stands.
 */

const { plural, texts } = globalThis.footnoteTexts ?? { plural: (n) => Number(n !== 1), texts: {} };

function translated(key, count) {
  const found = Object.hasOwn(texts, key) ? texts[key] : null;
  return Array.isArray(found) ? found[plural(count)] : found;
}

/** The translation of `text`. */
export function gettext(text) {
  return translated(text, 1) ?? text;
}

/** The translation of `text` where it means what `context` says: "Open" may be a state, or a thing to do. */
export function pgettext(context, text) {
  return translated(`${context}\u0004${text}`, 1) ?? text;
}

/** The translation that fits `count`. */
export function ngettext(one, many, count) {
  return translated(one, count) ?? (count === 1 ? one : many);
}

/** Parts of a line one after the other, with the language's comma between them; empty ones are left out. */
export function listed(parts) {
  return parts.filter(Boolean).join(gettext(", "));
}

/** `text` with each `%(name)s` replaced by `values[name]`. */
export function interpolate(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * What dates, numbers and lists are written and sorted by. Digits are those that the server writes and that documents
 * mostly hold: a page with two kinds of them reads badly.
 */
export const locale = `${document.documentElement.lang || "en"}-u-nu-latn`;
const integers = new Intl.NumberFormat(locale);

/** A whole number as the reader writes it. */
export function formatNumber(value) {
  return integers.format(value);
}

/** What writes numbers with so many digits behind the decimal sign. */
export function decimals(digits) {
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value) => format.format(value);
}

/** A time in milliseconds, as short as it stays exact enough: "12 ms", "1.4 s". */
export function formatMilliseconds(ms) {
  if (ms < 1000) {
    return interpolate(gettext("%(n)s ms"), { n: integers.format(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)) });
  }
  return interpolate(gettext("%(n)s s"), { n: integers.format(Math.round(ms / 100) / 10) });
}
