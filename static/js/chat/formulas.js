/** Formulas: what in Markdown is one, and how it stands on the page: as MathML, which browsers draw by themselves. */

import { MARK } from "./marks.js";

const LARGEST_EM = 20;
const MOST_EXPANSIONS = 200;
const MOST_KEPT = 400;
const LONG_INLINE = 80;

// Each ends soon where there is no end to find; `$` as in Pandoc: it opens before what is no space, closes after what
// is no space and not before a digit.
const DISPLAY = /^(?:\$\$((?:[^$\\]|\\[\s\S]){1,4000}?)\$\$|\\\[([\s\S]{1,4000}?)\\\])/;
const INLINE = /^(?:\\\(([\s\S]{1,2000}?)\\\)|\$(?![\s$])((?:[^$\\]|\\[\s\S]){1,2000}?)(?<!\s)\$(?![\d$]))/;
const BLOCK = new RegExp(`^ {0,3}${DISPLAY.source.slice(1)}[ \\t]*((?:${MARK.source})*)[ \\t]*(?:\\n+|$)`);
const BLOCK_START = /(?<=\n) {0,3}(?:\$\$|\\\[)/;
const INLINE_START = /(?<![\w\\$])\$|\$\$|\\[([]/;
const TEX_NAMES = /\\[a-zA-Z]+|\{[^{}]*\}/g;

const TAGS = [
  ..."math semantics mrow mi mo mn ms mtext mspace msub msup msubsup mfrac msqrt mroot munder mover munderover".split(" "),
  ..."mtable mtr mtd mpadded mphantom mstyle menclose mmultiscripts mprescripts".split(" "),
];
const ATTRIBUTES = [
  ..."display mathvariant stretchy fence separator accent accentunder lspace rspace minsize maxsize notation".split(" "),
  ..."columnalign rowspacing columnspacing columnlines rowlines width height depth voffset linethickness".split(" "),
  ..."displaystyle scriptlevel movablelimits largeop symmetric form".split(" "),
];

let library = null;
let loading = null;
const kept = new Map();

/** Whether what stands between two dollar signs reads like a price and words: "$5 a day, or 10$". */
function isPrice(tex) {
  return /^\d/.test(tex) && /(?:^|[\s(])\p{L}{2,}/u.test(tex.replace(TEX_NAMES, " "));
}

function token(type, raw, tex, isDisplay, marked = raw) {
  const marks = [...marked.matchAll(MARK)];
  const of = (kinds) => marks.filter((mark) => kinds.includes(mark[1])).map((mark) => mark[0]).join("");
  // A mark within a formula would break it: starts of spans go before it, ends behind it.
  return { type, raw, tex: tex.replace(MARK, "").trim(), isDisplay, before: of("sa"), after: of("ez") };
}

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const html = ({ tex, isDisplay, before, after }) =>
  `${before}<code class="formula${isDisplay ? " formula--display" : ""}">${escape(tex)}</code>${after}`;

/** What teaches `marked` to see formulas. */
export const FORMULAS = [
  {
    name: "formulaBlock",
    level: "block",
    start: (text) => BLOCK_START.exec(text)?.index,
    tokenizer(text) {
      const found = BLOCK.exec(text);
      return found ? token("formulaBlock", found[0], found[1] ?? found[2], true) : undefined;
    },
    renderer: (block) => `<p>${html(block)}</p>`,
  },
  {
    name: "formula",
    level: "inline",
    start: (text) => INLINE_START.exec(text)?.index,
    tokenizer(text) {
      const display = DISPLAY.exec(text);
      if (display) {
        return token("formula", display[0], display[1] ?? display[2], true);
      }
      const found = INLINE.exec(text);
      const tex = found?.[1] ?? found?.[2];
      return found && !(found[2] && isPrice(tex.replace(MARK, ""))) ? token("formula", found[0], tex, false) : undefined;
    },
    renderer: html,
  },
];

/** Fetch the library that reads TeX; the same promise for everybody who asks. */
export function loadFormulas() {
  loading ??= import("../../vendor/katex/katex.js").then(() => {
    library = globalThis.katex;
  });
  return loading;
}

function mathOf(tex, isDisplay, purify) {
  const key = `${isDisplay}${tex}`;
  if (!kept.has(key)) {
    if (kept.size >= MOST_KEPT) {
      kept.clear();
    }
    const options = { output: "mathml", displayMode: isDisplay, strict: false, trust: false };
    const written = library.renderToString(tex, { ...options, maxSize: LARGEST_EM, maxExpand: MOST_EXPANSIONS });
    // No style may stand in the page, and the source beside the formula would be read twice.
    kept.set(key, written.replace(/ style="[^"]*"/g, "").replace(/<annotation[\s\S]*?<\/annotation>/g, ""));
  }
  const options = { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_DATA_ATTR: false, RETURN_DOM_FRAGMENT: true };
  return purify.sanitize(kept.get(key), options);
}

/** Put MathML in the place of each formula of `root`; false when the library has yet to come. What is no TeX stays as
 * it was written. */
export function drawFormulas(root, purify) {
  const found = [...root.querySelectorAll("code.formula")];
  if (found.length && !library) {
    return false;
  }
  for (const code of found) {
    const isDisplay = code.classList.contains("formula--display");
    const box = document.createElement("span");
    const isLong = !isDisplay && code.textContent.length > LONG_INLINE;
    box.className = isDisplay ? "formula-box" : `formula-inline${isLong ? " formula-inline--long" : ""}`;
    try {
      box.append(mathOf(code.textContent, isDisplay, purify));
    } catch {
      continue;
    }
    if (isDisplay || isLong) {
      box.tabIndex = 0;
    }
    code.replaceWith(box);
  }
  return true;
}
