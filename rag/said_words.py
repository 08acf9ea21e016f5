"""The words by which questions say filters, in English and German; ``rag.said_filters`` reads them."""

import re
from typing import Literal

GENERIC = r"(?:documents?|docs|files?|records|papers|dokument(?:e[ns]?|s)?|dateien|datei|unterlagen|akten)"
"""Words that mean documents and say nothing of what is in them."""

_SPECIFIC = (
    r"(?:reports?|handbooks?|manuals?|guides?|guidelines?|polic(?:y|ies)|contracts?|minutes|presentations?|slides|memos?|"
    r"newsletters?|proposals?|budgets?|regulations?|brochures?|"
    r"\w*berichte?[ns]?|\w*berichts|\w*handb(?:uch(?:e?s)?|ücher[n]?)|\w*richtlinien?|\w*anleitung(?:en)?|"
    r"\w*vertr(?:ag(?:e?s)?|äge[n]?)|\w*protokolle?[ns]?|\w*präsentation(?:en)?|\w*broschüren?|\w*leitf(?:aden|äden))"
)
ANY = rf"(?:{GENERIC}|{_SPECIFIC})"

_THE = r"(?:the|our|your|my|this|that|these|those|all|any|all the|all our)"
_DE_THE = r"(?:der|dem|den|die|das|unsere[mnrs]?|allen|diese[mnr]|meine[mnr])"
_IN = (
    rf"(?:(?:in|from|within|according to|as per|based on|among)(?: {_THE})?|"
    rf"im|vom|(?:in|aus|laut|gemäß|nach)(?: {_DE_THE})?)"
)
_YEAR = r"(?<![\w.,/-])(?P<year>(?:19|20)\d\d)(?![\d/–-])(?!\.\d)"
_GOES_ON = (
    r"(?=\W*$|\s*[?!.,;:)]|\s+(?:is|are|was|were|do|does|did|has|have|had|says?|said|about|on|to|what|how|which|who|when|"
    r"where|why|and|the|by|mentions?|contains?|covers?|erwähnen|enthalten|regarding|we|it|there|i|ist|sind|war|waren|wird|werden|steht|stehen|gibt|hat|haben|über|zu|"
    r"zum|zur|und|der|die|das|wie|was|wer|wo|wann|warum|von)\b)"
)

# "in the 2023 report", "im 2023er Reisebericht"
YEAR_BEFORE = re.compile(
    rf"\b(?P<whole>{_IN}\s+(?P<cut>{_YEAR}(?:er)?\s+)(?:[^\W\d]+\s+){{0,2}}?(?P<word>{ANY}))\b(?![-'’])", re.I
)
# "in the annual report of 2023", "laut dem Handbuch 2023"
YEAR_AFTER = re.compile(
    rf"\b(?P<whole>{_IN}\s+(?:[^\W\d]+\s+){{0,2}}?(?P<word>{ANY})"
    rf"(?P<cut>\s+(?:(?:of|from|for|von|aus|für|vom)\s+)?(?:(?:the year|dem jahre?)\s+)?{_YEAR}))\b{_GOES_ON}",
    re.I,
)
# "which documents from 2023"
YEAR_DOCUMENTS = re.compile(
    rf"\b(?P<word>{GENERIC})(?P<cut>\s+(?:of|from|von|aus|vom)\s+(?:(?:the year|dem jahre?)\s+)?{_YEAR})\b{_GOES_ON}",
    re.I,
)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jänner jan", "february februar feb", "march märz mar", "april apr", "may mai",
            "june juni jun", "july juli jul", "august aug", "september sep sept",
            "october oktober oct okt", "november nov", "december dezember dec dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
DATE = re.compile(
    r"(?P<iso>(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)|"
    rf"(?:(?:(?P<day>\d\d?)(?:\.|st|nd|rd|th)?\s+)?(?P<month>{_MONTH})\.?\s+(?:(?P<day_after>\d\d?)(?:st|nd|rd|th)?,?\s+)?)?"
    r"(?P<year>(?:19|20)\d\d)",
    re.I,
)
ORDERS: dict[str, Literal['before', 'after', 'from', 'until']] = {
    "from before": "before", "before": "before", "older than": "before", "vor": "before", "von vor": "before",
    "aus der zeit vor": "before", "älter als": "before",
    "from after": "after", "after": "after", "newer than": "after", "nach": "after", "neuer als": "after",
    "since": "from", "as of": "from", "seit": "from", "ab": "from",
    "until": "until", "up to": "until", "bis": "until",
}  # fmt: skip
_ORDER = "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in sorted(ORDERS, key=len, reverse=True))
_DATED_NOUN = (
    rf"(?:(?:{_THE}|{_DE_THE}|in|im|from|of|among|aus|which|what|welche[nr]?|only|nur|alle)\s+{ANY}|"
    r"documents|files|dokumente[n]?|dateien|unterlagen)"
)
_MADE = r"(?:written|created|dated|published|issued|modified|changed|geschrieben|erstellt|veröffentlicht)"
# "in documents since March 2024", "the reports from before 2022"
DATED = re.compile(
    rf"\b{_DATED_NOUN}(?P<cut>\s+(?:(?:that|which)\s+(?:are|were)\s+)?(?:{_MADE}\s+)?"
    rf"(?P<order>{_ORDER})\s+(?:dem\s+)?(?P<date>{DATE.pattern.replace('?P<', '?P<in_')}))(?![\w/–-])",
    re.I,
)

# "the report (written) by", "Berichte von", "written by the author"
AUTHORED = re.compile(
    rf"\b{_DATED_NOUN}(?P<cut>,?\s+(?:(?:that|which)\s+(?:was|were)\s+)?(?:(?:written|authored|drafted|prepared)\s+)?by\s+"
    rf"(?:the author\s+)?|,?\s+(?:(?:geschrieben|verfasst)\s+)?(?:von|vom)\s+"
    rf"(?:(?:der autorin|dem autor|autor)\s+)?)[\"'“„]?",
    re.I,
)
TAGGED = re.compile(
    rf"(?:\b{_IN}\s+)?(?:\b{GENERIC}\s+)?(?:\btagged(?:\s+(?:as|with))?|\bwith\s+the\s+tag|\bmit\s+dem\s+(?:tag|schlagwort)|"
    r"\b(?:getaggt|verschlagwortet)\s+(?:als|mit))\s+[\"'“„]?",
    re.I,
)

LANGUAGES = {
    word: code
    for code, words in {
        "en": "english englisch", "de": "german deutsch", "fr": "french französisch", "es": "spanish spanisch",
        "it": "italian italienisch", "pt": "portuguese portugiesisch", "nl": "dutch niederländisch",
        "pl": "polish polnisch", "sv": "swedish schwedisch", "da": "danish dänisch", "nb": "norwegian norwegisch",
        "fi": "finnish finnisch", "cs": "czech tschechisch", "ru": "russian russisch", "tr": "turkish türkisch",
        "ar": "arabic arabisch", "zh": "chinese chinesisch", "ja": "japanese japanisch", "ko": "korean koreanisch",
    }.items()
    for word in words.split()
}  # fmt: skip
_LANGUAGE = "|".join(LANGUAGES)
LANGUAGE_DOCUMENTS = (
    re.compile(rf"\b{_IN}\s+(?P<language>{_LANGUAGE})(?:e[ns]?|sprachigen?|-language)?\s+{GENERIC}\b", re.I),
    re.compile(rf"\b{_IN}\s+{GENERIC}\s+(?:written\s+)?(?:in|auf)\s+(?P<language>{_LANGUAGE})\b", re.I),
)

KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"pdfs?(?:[ -](?:files?|documents?|dateien|datei|dokument(?:e[ns]?)?))?", ("pdf",)),
    (r"spreadsheets?|excel[ -](?:files?|sheets?|dateien|datei|tabellen?|listen?)", ("xlsx", "ods", "csv")),
    (r"word[ -](?:files?|documents?|dateien|datei|dokument(?:e[ns]?)?)", ("docx", "odt")),
    (r"slides|slide deck|presentations?|powerpoints?|folien|präsentation(?:en)?", ("pptx", "odp")),
    (r"e-?mails?", ("email",)),
    (r"csv[ -](?:files?|dateien|datei)", ("csv",)),
    (r"web ?pages?|webseiten?", ("html",)),
)
KINDS_SAID = re.compile(
    rf"\b(?:(?:in|from|according to)\s+{_THE}|(?:in|aus|laut)\s+{_DE_THE})\s+"
    rf"(?P<kind>{'|'.join(said for said, _kinds in KINDS)})(?![\w-])",
    re.I,
)
MATTER_OF_KIND = re.compile(
    r"\b(?:writ(?:e|ten|ing)|put|send|sent|includ\w+|attach\w*|enter|add|fill|insert|edit|save|convert|export|print|open|"
    r"mention|delete|remove|change|schreib\w*|sende\w*|füge|einfügen|angeb\w*|eintragen|öffne\w*|speicher\w*|ändern?)\b",
    re.I,
)
"""Who asks what to write in the e-mail does not ask what one says."""

SAYS_SO = re.compile(rf"\b{_IN}\s", re.I)
SOURCE_WORD = re.compile(
    rf"[\"'“”»]?\s+(?:data\s+source|source|folder|collection|library|{GENERIC}|quelle|datenquelle|ordner|sammlung)\b",
    re.I,
)
NAMED_SOURCE = re.compile(
    r"\b(?:(?:in|from|within|according to)\s+(?:(?:the|our|data)\s+){0,2}(?:source|folder|collection)|"
    r"(?:in|aus|laut)\s+(?:(?:der|dem|unserer|unserem)\s+)?(?:datenquelle|quelle|ordner|sammlung))\s+[\"'“„«]?$",
    re.I,
)
IN_SOURCE = re.compile(
    rf"\b(?:(?:in|from|within|according to)(?:\s+{_THE})?|im|(?:in|aus|laut)(?:\s+{_DE_THE})?)\s+[\"'“„«]?$", re.I
)
FROM_SOURCE = re.compile(
    rf"\b(?:(?:from|(?P<says>according to|as per))(?:\s+(?:the|our))?|(?:aus|(?:laut|gemäß))(?:\s+{_DE_THE})?)\s+$",
    re.I,
)
IS_OF_DOCUMENTS = re.compile(rf"\b{ANY}\s+$", re.I)
ENDS = re.compile(r"[\"'“”’»)]*\W*$")
GUARDED = re.compile(
    r"\b(?:gets?|got|getting|receiv\w*|obtain\w*|needs?|requir\w*|request\w*|ask\w*|hear\w*|approv\w*|permi\w+|confirm\w*|"
    r"sign-?off|com(?:e|es|ing)|came|mov\w*|transfer\w*|far|away|miles|kilomet\w*|km|distance|entfern\w*|weit|differ\w*|people|someone|anyone|somebody|anybody|person|"
    r"colleagues?|members?|staff|employees?|managers?|buy\w*|order\w*|borrow\w*|call\w*|repl\w*|answers?|help|support|"
    r"feedback|visit\w*|return\w*|e-?mails?|letters?|notif\w*|who|whom|switch\w*|work\w*|bekomm\w*|erh[aä]lt\w*|brauch\w*|"
    r"hol\w*|freigabe|genehm\w*|frag\w*|kolleg\w*|jemand\w*|mitarbeiter\w*|komm\w*|wechs\w*|antwort\w*|auskunft|leih\w*|"
    r"ausleih\w*|wer|wen|wem|arbeite\w*)\b(?:\W+\w+){0,4}[^\w,;]*$",
    re.I,
)
"""Words before "from HR" by which HR is somebody who gives or a place one leaves; not before ", from HR"."""
