"""Reads source code of any language: code blocks, cut where a definition begins, each under that definition's name."""

import re
from dataclasses import dataclass

from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder
from rag.parsing.model import ParsedDocument
from rag.parsing.reading import read_clean

_MODIFIERS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|sealed|partial|async|inline|unsafe"
    r"|override|virtual|extern(?:\s+\"C\")?|const|constexpr|open|data|pub(?:\([a-z]+\))?|local|declare|readonly|case"
    r"|implicit|lazy|suspend|noinline|template\s*<[^>\n]{0,100}>)\s+)*"
)
_NAMED = (
    r"(?:def|class|function\*?|func|fn|fun|sub|proc|procedure|interface|trait|struct|enum|union|module|namespace"
    r"|object|record|protocol|extension|impl(?:<[^>\n]{0,100}>)?|type|defmodule|defp?|defun"
    r"|defmacro|defn|library|contract|service|message|resource)"
)
_DEFINITION = re.compile(
    rf"{_MODIFIERS}{_NAMED}\b[ \t]+(?:\([^()\n]{{0,100}}\)[ \t]*)?(?P<name>[^\W\d][\w.$?!-]*(?:::~?\w+)*)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?:export\s+)?(?:const|let|var|val)\s+(?P<name>[\w$]+)\s*=\s*(?:async\s*)?(?:function\b|\([^)\n]{0,200}\)\s*=>|\w+\s*=>)"
)
# C and its kin: type, name, arguments, and no semicolon that would make it a declaration.
_C_FUNCTION = re.compile(r"(?P<type>[A-Za-z_][\w:<>,*&\[\] \t]*?[ \t*&])(?P<name>~?[A-Za-z_][\w:~]*)[ \t]*\([^;]*$")
_GO_METHOD = re.compile(r"func[ \t]+\([^)\n]{0,100}\)[ \t]*(?P<name>\w+)")
_SQL = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unique\s+|materialized\s+)*"
    r"(?:table|view|function|procedure|trigger|index|type|schema)\s+(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_SHELL = re.compile(r"(?P<name>[A-Za-z_][\w-]*)[ \t]*\(\)[ \t]*\{?[ \t]*$")
_MAKE = re.compile(r"(?P<name>[A-Za-z_.][\w./%-]*)[ \t]*:(?![=:])[^=]*$")
_STARTS = (_GO_METHOD, _DEFINITION, _ASSIGNED, _SQL, _SHELL)
_NOT_DEFINED = "if else for while switch return case do try catch elif until using new throw import"
_NOT_NAMES = frozenset(_NOT_DEFINED.split())
# What belongs to the definition that follows: comments, decorators, attributes, annotations.
_BELONGS = re.compile(r"(?://|/\*|\*|#(?!include|define|if|endif|else|pragma)|--|;;|@|\[[A-Za-z]|\"\"\"|%)")
_CLOSING = re.compile(r"[)\]}>;,\s]*$|end\b|fi\b|done\b|esac\b")
_LONGEST_LINE = 20_000
_LONGEST_NAME = 100


@dataclass(slots=True)
class _Part:
    """Lines ``start`` to ``end``, the latter not included, which define ``name``; the first part has none."""

    name: str
    start: int
    end: int = 0


def parse(path: Source) -> ParsedDocument:
    """Parse a file of source code; nothing of it is run. Raises ParsingError as the text reader does."""
    lines = read_clean(path).split("\n")
    builder = DocumentBuilder("code")
    for part in _parts(lines):
        if part.name:
            builder.add("heading", part.name, level=2)
        builder.add("code", "\n".join(lines[part.start : part.end]))
    builder.first_heading = ""  # a file of code is called by its name, not by its first function's
    return builder.build("")


def _parts(lines: list[str]) -> list[_Part]:
    """The file cut before each line at the left margin that begins a definition."""
    parts = [_Part("", 0)]
    c_like = sum(1 for line in lines[:2000] if line.rstrip().endswith(("{", ";", "}"))) > 3
    for number, line in enumerate(lines):
        name = _defined(line, c_like, lines[number + 1] if number + 1 < len(lines) else "")
        if not name:
            continue
        start = _with_what_belongs(lines, number, parts[-1].start)
        if start <= parts[-1].start and parts[-1].name:
            continue
        parts[-1].end = start
        parts.append(_Part(name[:_LONGEST_NAME], start))
    parts[-1].end = len(lines)
    return [part for part in parts if part.end > part.start]


def _defined(line: str, c_like: bool, following: str) -> str:
    """The name that a line at the margin defines, else an empty string."""
    if not line or line[0] in " \t" or len(line) > _LONGEST_LINE:
        return ""
    line = line[:1000]
    for pattern in _STARTS:
        match = pattern.match(line)
        if match is not None and match["name"].lower() not in _NOT_NAMES:
            if line.rstrip().endswith(";") and pattern is _DEFINITION and "{" not in line:
                return ""  # a declaration, or a line such as "module main;"
            return match["name"].strip('"`[]')
    if c_like and "=" not in line.partition("(")[0]:
        match = _C_FUNCTION.match(line)
        opens = line.rstrip().endswith("{") or following.startswith("{") or not line.rstrip().endswith((")", ";"))
        first = line.split(None, 1)[0]
        if match is not None and opens and match["name"] not in _NOT_NAMES and first not in _NOT_NAMES:
            return match["name"]
    return ""


def _with_what_belongs(lines: list[str], number: int, lowest: int) -> int:
    """The line at which the comments and decorators right above line ``number`` begin."""
    start = number
    while start - 1 > lowest and lines[start - 1].strip() and _belongs(lines[start - 1]):
        start -= 1
    return start


def _belongs(line: str) -> bool:
    if line[0] in " \t":
        # Inside of a block comment or of a decorator's brackets; the body of what came before ends at the margin.
        return line.lstrip().startswith(("*", "//", "--", "#"))
    return bool(_BELONGS.match(line)) and not _CLOSING.match(line)
