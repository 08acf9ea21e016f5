"""Tells what kind of text a text is: by its content, and by its name only where the content cannot say."""

import json
import re

from rag.parsing.csv import find_separator, regularity
from rag.parsing.model import Kind

_HTML_ROOT = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|link|style|script|div|p|h[1-6]"
    r"|table|ul|ol|article|section|main|header|center|font|span|br|b|a)\b",
    re.IGNORECASE | re.DOTALL,
)
_HTML_NAMES = {".html", ".htm", ".xhtml", ".xht", ".shtml"}
_MARKDOWN_NAMES = {".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn"}
_CSV_NAMES = {".csv", ".tsv", ".tab", ".psv"}
_JSON_NAMES = {".json", ".jsonl", ".ndjson", ".geojson", ".jsonld", ".webmanifest", ".ipynb"}
_MAIL_NAMES = {".eml", ".mht", ".mhtml", ".mbox"}
_TEXT_NAMES = {".txt", ".text", ".log", ".xml", ".rst", ".org", ".adoc", ".asciidoc", ".vtt", ".srt", ".ics", ".vcf"}
_CODE_ENDINGS = """
.py .pyi .pyx .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .groovy .gradle .c .h .cc .cpp .cxx .hh .hpp .hxx .m .mm
.cs .fs .fsx .vb .go .rs .rb .php .pl .pm .lua .r .jl .swift .dart .ex .exs .erl .hrl .hs .ml .mli .clj .cljs .lisp .el
.scm .sh .bash .zsh .fish .ps1 .psm1 .bat .cmd .sql .proto .thrift .graphql .gql .tf .hcl .nix .zig .nim .cr .d .v .sv
.vhd .vhdl .asm .s .f .f90 .f95 .for .pas .cob .ada .adb .sol .vue .svelte .css .scss .sass .less .cmake .mk .dockerfile
.yaml .yml .toml .ini .cfg .properties .env .tcl .awk .sed .coffee .bas .cls
"""
_CODE_NAMES = frozenset(_CODE_ENDINGS.split())
_MARKDOWN_SIGNS = re.compile(r"^(?:#{1,6} \S|```|\|(?: *:?-+:? *\|)+\s*$)|\]\((?:https?://|/|#)[^)\s]*\)", re.MULTILINE)
_MAIL_FIELD = re.compile(r"(?P<name>[!-9;-~]{1,76}):(?:[ \t]|$)")
_MAIL_OF_ALL = frozenset(("from", "to", "subject", "date", "cc", "bcc", "reply-to", "sender"))
_SERVERS_FIELDS = "received return-path message-id mime-version delivered-to content-type dkim-signature x-mailer"
_MAIL_OF_SERVERS = frozenset(_SERVERS_FIELDS.split())
_JSON_START = re.compile(r"\s*(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]]|-?\d|true\b|false\b|null\b))")
_NOTEBOOK = re.compile(
    r"\A\s*\{(?=.*?\"cells\"\s*:\s*\[)(?=.*?\"cell_type\"\s*:\s*\"(?:markdown|code|raw|heading)\")", re.DOTALL
)
_SHEBANG = re.compile(r"#![ \t]*/\S*/(?:env\b|\w*sh\b|python|perl|ruby|node|lua|php)")
_CODE_SIGNS = re.compile(
    r"^(?:\s*(?:def|class) \w+.*:|from [\w.]+ import \w+|import [\w.]+(?: as \w+)?;?$|#include\s*[<\"]|#define \w+"
    r"|using [\w.]+;|package [\w.]+;?$|\s*(?:public|private|protected) [\w<>\[\] ]+[({]"
    r"|func \w*\(|fn \w+|\s*return\b.*;$"
    r"|(?:export )?(?:const|let|var|function) \w+.*[={(;]|\s*\}(?: else \{|;|\);)?$|\s*if \(.*\) \{$|<\?php)",
    re.MULTILINE,
)
_LARGE = 16_000
_PLAUSIBLE_JSON = 1000
_LEAST_CODE = 0.15
_LEAST_ROWS = 3
_REGULAR = 0.95


def text_kind(text: str, suffix: str) -> Kind:
    """The kind of a text of which ``text`` is the beginning, named with the ending ``suffix``, in lower case."""
    if suffix in _MARKDOWN_NAMES:
        return "html" if _HTML_ROOT.match(text.lstrip()) else "markdown"
    if suffix in _CODE_NAMES and not _HTML_ROOT.match(text.lstrip()):
        return "code"
    if is_mail(text, suffix):
        return "email"
    if _is_html(text, suffix):
        return "html"
    if suffix in _CSV_NAMES:
        return "csv"
    if is_json(text, suffix):
        return "notebook" if _NOTEBOOK.search(text) else "json"
    if suffix in _TEXT_NAMES:
        return "text"
    return _unnamed_kind(text)


def _unnamed_kind(text: str) -> Kind:
    """The kind of a text whose name says nothing."""
    if _SHEBANG.match(text):
        return "code"
    beginning = text[:20_000]
    if len(_MARKDOWN_SIGNS.findall(beginning)) >= 2:
        return "markdown"
    lines = [line for line in beginning.split("\n") if line.strip()]
    if len(_CODE_SIGNS.findall(beginning)) >= max(3, _LEAST_CODE * len(lines)):
        return "code"
    return "csv" if _is_csv(text, lines) else "text"


def is_mail(text: str, suffix: str) -> bool:
    """Whether ``text`` begins with the head of a message: fields that people write and fields that servers write."""
    names = []
    text = text.lstrip("\ufeff\r\n")
    for line in text[:20_000].splitlines()[:200]:
        if not line:
            break
        if line[0] in " \t" or line.startswith(("From ", ">From ")):
            continue
        field = _MAIL_FIELD.match(line)
        if field is None:
            break
        names.append(field["name"].lower())
    if suffix in _MAIL_NAMES:
        return bool(names)
    if suffix in _JSON_NAMES | _CSV_NAMES:
        return False
    return len(_MAIL_OF_ALL.intersection(names)) >= 2 and bool(_MAIL_OF_SERVERS.intersection(names))


def is_json(text: str, suffix: str) -> bool:
    """Whether ``text`` begins as JSON does; the reader reads what proves to be none as text."""
    if suffix in _JSON_NAMES:
        return True
    if suffix in _TEXT_NAMES - {".txt"} or not _JSON_START.match(text):
        return False
    try:
        json.loads(text)
    except RecursionError:
        return True
    except json.JSONDecodeError as error:
        # Of a large file only the beginning is here: it may end anywhere, but must not break before.
        return (len(text) > _LARGE and error.pos > _PLAUSIBLE_JSON) or _is_json_line(text)
    return True


def _is_json_line(text: str) -> bool:
    line, _, following = text.lstrip().partition("\n")
    try:
        return isinstance(json.loads(line), (dict, list)) and bool(_JSON_START.match(following))
    except (ValueError, RecursionError):
        return False


def _is_html(text: str, suffix: str) -> bool:
    if _HTML_START.match(text) or (suffix in _HTML_NAMES and "<" in text):
        return True
    return text.lstrip().startswith("<?xml") and bool(_HTML_ROOT.search(text[:2000]))


def _is_csv(text: str, lines: list[str]) -> bool:
    """Whether each line has the same number of cells, more than prose with commas would have by chance."""
    separator = find_separator(text)
    if separator is None or len(lines) < _LEAST_ROWS or regularity(text, separator) < _REGULAR:
        return False
    return separator in "\t;|" or lines[0].count(",") >= 2
