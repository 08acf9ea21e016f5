"""Reads the catalogues in locale/ as gettext's tools write them."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

KEYWORD = re.compile(r"(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d+)\])? (\".*\")$")


@dataclass
class Entry:
    """A text of the source and what became of it; ``forms`` are one, or as many as the language has plurals."""

    context: str = ""
    text: str = ""
    plural: str = ""
    flags: set[str] = field(default_factory=set)
    forms: dict[int, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What the source says."""
        return (self.context, self.text, self.plural)


def read(path: Path) -> list[Entry]:
    """All entries, the first of them the head."""
    return [entry_of(part) for part in path.read_text(encoding="utf-8").strip().split("\n\n")]


def entry_of(part: str) -> Entry:
    entry, where = Entry(), ("", 0)
    for line in part.split("\n"):
        if line.startswith("#,"):
            entry.flags |= {flag.strip() for flag in line[2:].split(",")}
        elif line.startswith("#~"):
            entry.flags.add("obsolete")
        elif found := KEYWORD.match(line):
            where = (found[1], int(found[2] or 0))
            add(entry, where, found[3])
        elif line.startswith('"'):
            add(entry, where, line)
    return entry


def add(entry: Entry, where: tuple[str, int], quoted: str) -> None:
    # Escapes are those of C, which Python reads alike.
    text = str(ast.literal_eval(quoted))
    word, number = where
    if word == "msgstr":
        entry.forms[number] = entry.forms.get(number, "") + text
    else:
        name = {"msgctxt": "context", "msgid": "text", "msgid_plural": "plural"}[word]
        setattr(entry, name, getattr(entry, name) + text)
