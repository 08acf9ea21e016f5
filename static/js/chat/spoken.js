/** An answer cut into what a voice reads: sentences with their places on the page, and the language of a text. Pure. */

const BLOCKS = "p, li, h3, h4, h5, h6, td, th, blockquote, pre";
const SCRIPTS = [
  [/\p{Script=Arabic}/u, "ar"],
  [/\p{Script=Hebrew}/u, "he"],
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, "ja"],
  [/\p{Script=Hangul}/u, "ko"],
  [/\p{Script=Han}/u, "zh"],
  [/\p{Script=Greek}/u, "el"],
  [/\p{Script=Devanagari}/u, "hi"],
  [/\p{Script=Thai}/u, "th"],
  [/\p{Script=Cyrillic}/u, "ru"],
];
const COMMON = {
  en: "the and of to is in that for with are be on by not or this which at from as an must may have has",
  de: "der die das und ist nicht ein eine mit den von zu für auf dem des im sich auch werden wird bei oder sind",
  fr: "le la les et est des une dans pour que qui sur pas avec du au sont par plus ne aux ce cette être",
  es: "el los las y es una en para que no con del por se al más son como su esta este ser hay debe",
  it: "il gli di che è una per non con del della sono nel alla più anche come si dei le deve essere",
  nl: "de het een en van is niet met voor op dat zijn te aan bij door ook worden wordt of als moet naar",
  pt: "o os as e é uma em para que não com do da por se ao mais são como sua este ser deve pelo",
};
const WORDS = Object.entries(COMMON).map(([language, words]) => [language, new Set(words.split(" "))]);

/** The language most of a text is in, as ISO 639-1: by its script, then by common words; `otherwise` where none tells. */
export function languageOf(text, otherwise) {
  const letters = text.match(/\p{L}/gu) ?? [];
  for (const [script, language] of SCRIPTS) {
    if (letters.filter((letter) => script.test(letter)).length > letters.length / (language === "ja" ? 10 : 3)) {
      return language;
    }
  }
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const counts = WORDS.map(([language, common]) => [words.filter((word) => common.has(word)).length, language]);
  const [best, language] = counts.reduce((one, other) => (other[0] > one[0] ? other : one));
  return best > 0 && best >= words.length * 0.04 ? language : otherwise;
}

/** The text nodes of a block that are read: no chips, and nothing of a block within it. */
function textsOf(block) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest("[data-chip], .chip") || node.parentElement.closest(BLOCKS) !== block
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  );
  const texts = [];
  while (walker.nextNode()) {
    texts.push(walker.currentNode);
  }
  return texts;
}

function rangeOf(texts, from, to) {
  const range = new Range();
  let at = 0;
  let isOpen = false;
  for (const text of texts) {
    const end = at + text.data.length;
    if (!isOpen && from < end) {
      range.setStart(text, from - at);
      isOpen = true;
    }
    if (to <= end) {
      range.setEnd(text, to - at);
      break;
    }
    at = end;
  }
  return range;
}

/** The sentences of a rendered answer in order: {text, range}. */
export function sentencesOf(root, language) {
  const segmenter = new Intl.Segmenter(language, { granularity: "sentence" });
  const blocks = [...root.querySelectorAll(BLOCKS)];
  return (blocks.length ? blocks : [root]).flatMap((block) => {
    const texts = blocks.length ? textsOf(block) : [...root.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const whole = texts.map((text) => text.data).join("");
    return [...segmenter.segment(whole)]
      .map(({ segment, index }) => {
        const from = index + (segment.length - segment.trimStart().length);
        return { text: segment.trim(), from, to: index + segment.trimEnd().length };
      })
      .filter(({ text }) => /[\p{L}\p{N}]/u.test(text))
      .map(({ text, from, to }) => ({ text, range: rangeOf(texts, from, to) }));
  });
}
