"""Questions made of sentences with a figure, by turning the sentence round: in English and in German.

English asks with "do" and the base of the verb. German keeps verb and subject as they stand and turns their order:
"Jeder Angestellte hat 27 Tage Urlaub" asks "Wie viele Tage Urlaub hat jeder Angestellte?" In Arabic the form of what is
counted follows from its number, and again from the word that asks: a sentence turned round would often be wrong. No
question is made of a figure in it, nor in any other language.
"""

import re

_ENGLISH_NUMBER = r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)"
_SMALL = r"(?:in|on|at|and|or|to|for|from|by|with|when|if|as|a|an|the|per|each|that|which|is|are|before|after)\b"
_ENGLISH = re.compile(
    rf"(?P<who>[A-Z][\w’'-]*(?: [\w’'-]+){{0,4}}?) (?P<verb>have|has|get|gets|receive|receives|work|works|earn|earns|"
    rf"need|needs|employ|employs|run|runs) (?:up to |at least |about |more than )?{_ENGLISH_NUMBER} "
    rf"(?P<what>(?:[a-z-]+ )??[a-z-]{{3,}}s(?: of(?: (?!{_SMALL})[a-z-]+){{1,2}}(?=[ ,.;]))?)"
    r"(?P<per> (?:a|per|each) [a-z]+)?(?=[ ,.;])"
)
_NO_ENGLISH_SUBJECT = re.compile(
    r"(?:it|this|that|these|those|there|they|he|she|we|you|i|if|when|while|each|every|anyone|nobody|who|up|in|on|at|"
    r"after|before|from|for|with|without|until|during)\b",
    re.I,
)
_BASE = {"has": "have", "gets": "get", "receives": "receive", "works": "work", "earns": "earn", "needs": "need",
         "employs": "employ", "runs": "run"}  # fmt: skip
_PLURAL_QUESTION = "How many {what} do {who} {verb}?"
_SINGULAR_QUESTION = "How many {what} does {who} {verb}?"

_GERMAN_NUMBER = r"(?:\d[\d.,]*|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|dreißig)"
_NOUN = r"[A-ZÄÖÜ][\wäöüß-]*"
_DETERMINER = r"(?:Der|Die|Das|Ein|Eine|Jeder|Jede|Jedes|Alle|Unsere?|Unser)"
_GERMAN = re.compile(
    rf"(?P<who>{_DETERMINER}(?: [a-zäöüß]+e[rn]?)?(?: {_NOUN}){{1,2}}|{_NOUN}) "
    r"(?P<verb>haben|hat|bekommen|bekommt|erhalten|erhält|arbeiten|arbeitet|verdienen|verdient|brauchen|braucht|"
    r"benötigen|benötigt|beschäftigen|beschäftigt) "
    rf"(?:bis zu |mindestens |höchstens |etwa |rund |mehr als )?{_GERMAN_NUMBER} "
    rf"(?P<what>(?:[a-zäöüß]+e )?{_NOUN}(?:(?: [a-zäöüß]+en)? {_NOUN})?)"
    rf"(?P<per> (?:pro|je|im|am|in der) {_NOUN})?(?P<rest>[^.,;]*)(?=[.,;])"
)
_NO_GERMAN_SUBJECT = re.compile(
    r"(?:Es|Sie|Er|Wir|Ihr|Ich|Man|Wer|Hier|Dort|Dabei|Dafür|Davon|Dazu|Damit|Dann|Danach|Derzeit|Heute|Bisher|Insgesamt|"
    r"Zurzeit|Jährlich|Monatlich|Täglich|Dies|Diese|Dieser|Dieses|Welche|Viele|Einige|Manche|Andere|Beide)\b"
)
_GERMAN_QUESTION = "Wie viele {what} {verb} {who}?"


def figure_question(sentence: str, text: str, language: str) -> str:
    """The question that a sentence with a figure answers, in the language (ISO 639-1) of its passage ``text``.

    Empty where no rule fits: rather none than a silly one.
    """
    if language == "en":
        return _english(sentence, text)
    return _german(sentence) if language == "de" else ""


def _english(sentence: str, text: str) -> str:
    """ "Full-time employees have 27 days of annual leave ..." asks how many days of annual leave they have."""
    match = _ENGLISH.match(sentence)
    if match is None or _NO_ENGLISH_SUBJECT.match(match["who"]):
        return ""
    who, verb, per = match["who"], match["verb"], match["per"] or ""
    # "How many weeks do they work?" asks for nothing that the sentence says.
    if verb.startswith("work") and not per:
        return ""
    first, _space, rest = who.partition(" ")
    # A name keeps its capital; a word that begins the sentence does not.
    if (rest and rest.islower()) or re.search(rf"(?<![.?!] )\b{re.escape(first.lower())}\b", text):
        who = first.lower() + who[len(first) :]
    form = _SINGULAR_QUESTION if verb in _BASE else _PLURAL_QUESTION
    return form.format(what=match["what"] + per, who=who, verb=_BASE.get(verb, verb))


def _german(sentence: str) -> str:
    """ "Vollzeitkräfte haben 27 Tage Urlaub ..." asks how many days they have."""
    match = _GERMAN.match(sentence)
    if match is None or _NO_GERMAN_SUBJECT.match(match["who"]):
        return ""
    who, verb, per, rest = match["who"], match["verb"], match["per"] or "", match["rest"].split()
    # A clause that ends with a verb ("hat 30 Boote verkauft") says something else than its beginning.
    if rest and not rest[-1][0].isupper():
        return ""
    if verb.startswith("arbeite") and not per:
        return ""
    first, _space, noun = who.partition(" ")
    # Of these the noun keeps its capital, the word before it does not.
    return _GERMAN_QUESTION.format(what=match["what"] + per, who=f"{first.lower()} {noun}" if noun else who, verb=verb)
