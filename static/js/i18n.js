/**
 * Words on the screen, in the reader's language.
 *
 * The source holds English, marked as Django's `makemessages -d djangojs` finds it. When a page carries Django's
 * JavaScript catalogue, its functions translate; without one the English stands.
 */

/** The translation of `text`. */
export function gettext(text) {
  return globalThis.django?.gettext?.(text) ?? text;
}

/** The translation that fits `count`. */
export function ngettext(one, many, count) {
  return globalThis.django?.ngettext?.(one, many, count) ?? (count === 1 ? one : many);
}

/** `text` with each `%(name)s` replaced by `values[name]`. */
export function interpolate(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const language = document.documentElement.lang || "en";
const integers = new Intl.NumberFormat(language);

/** A whole number as the reader writes it. */
export function formatNumber(value) {
  return integers.format(value);
}

/** A time in milliseconds, as short as it stays exact enough: "12 ms", "1.4 s". */
export function formatMilliseconds(ms) {
  if (ms < 1000) {
    return interpolate(gettext("%(n)s ms"), { n: integers.format(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)) });
  }
  return interpolate(gettext("%(n)s s"), { n: integers.format(Math.round(ms / 100) / 10) });
}
