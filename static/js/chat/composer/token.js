/** What somebody is writing at the caret that the menu can complete: a sign at a word's beginning and what follows. */

/** What each sign opens. */
export const SIGNS = { "/": "prompts", "#": "documents", "@": "assistants" };

const LONGEST = 60;
const TOKEN = /(?:^|\s)([/#@])((?:[^\s/#@][^\n/#@]*)?)$/;

/**
 * The token that ends at `caret`, an offset in `text`: {sign, kind, query, start, end}; null where there is none. A query
 * may hold single spaces, as names do.
 */
export function tokenAt(text, caret) {
  const from = Math.max(0, caret - LONGEST - 2);
  const before = text.slice(from, caret);
  const found = TOKEN.exec(before);
  if (!found || found[2].length > LONGEST || /\s\s/.test(found[2])) {
    return null;
  }
  // What is cut off in front may be a letter.
  const start = caret - found[2].length - 1;
  if (start > 0 && !/\s/.test(text[start - 1])) {
    return null;
  }
  return { sign: found[1], kind: SIGNS[found[1]], query: found[2].trimEnd(), start, end: caret };
}

/** Put `text` in the place of what stands between two offsets of the field; Ctrl+Z takes it back. */
export function replaceText(input, start, end, text) {
  input.focus();
  input.setSelectionRange(start, end);
  // The only way that keeps the browser's own undo.
  const isDone = text ? document.execCommand("insertText", false, text) : start === end || document.execCommand("delete");
  if (!isDone) {
    input.setRangeText(text, start, end, "end");
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}
