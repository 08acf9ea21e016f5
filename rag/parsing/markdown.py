"""Reads Markdown as the text it renders to: no link targets, no marks of emphasis, blocks as markdown-it finds them."""

import re
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

from rag.parsing import html
from rag.parsing.attachments import Source
from rag.parsing.building import DocumentBuilder, clean, collapse
from rag.parsing.model import BlockKind, ParsedDocument
from rag.parsing.properties import properties
from rag.parsing.reading import read_text
from rag.parsing.tables import CellBudget, markdown_table

_FRONT_MATTER = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_FIELD = r"^{}[ \t]*[:=][ \t]*(?:[>|][-+]?[ \t]*\n[ \t]+)?(\S[^\n]*)$"
_FRONT_TITLE, _FRONT_SUMMARY = (
    re.compile(_FRONT_FIELD.format(names), re.MULTILINE | re.IGNORECASE)
    for names in ("title", "(?:description|summary|abstract|excerpt)")
)
_DATES = (("date", "created", "published"), ("modified", "updated", "lastmod"))
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,60}\]:[ \t]*(?=\S)")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,60}\]")
# Instructions to site generators (Liquid tags, kramdown attribute lists) are not part of what a reader reads.
_GENERATOR_TAG = re.compile(r"\{%-?[^%\n]{0,500}-?%\}|\{[:.#][^}\n]{0,200}\}")
# A tag in a link's address has spaces, with which Markdown would take the whole link for text.
_GENERATED_ADDRESS = re.compile(r"\]\([^()\n{]{0,500}\{[%{][^\n]{0,500}?[%}]\}[^()\n{]{0,500}\)")
_LEFT_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\((?:#|https?:[^()\s]{0,500})?\)")
_MAX_NESTING = 100
# How often the end of a link may be looked for in vain: that many steps, and half as many as there are letters.
_STEPS = 1_000
_LINE_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)


def parse(path: Source) -> ParsedDocument:
    """Parse a Markdown file. Raises ParsingError: ``unsupported_type``, ``no_text``, ``too_large``."""
    source = clean(read_text(path))
    title = summary = matter = ""
    front = _FRONT_MATTER.match(source[:65536])
    if front is not None:
        matter = front.group(2)
        title, summary = (_front(matter, field) for field in (_FRONT_TITLE, _FRONT_SUMMARY))
        source = source[front.end() :]
    builder = DocumentBuilder("markdown")
    add_markdown(builder, source)
    if builder.length == 0:
        # A page that its site makes up from other files: what it says of itself is all there is to find.
        builder.add("heading", title, level=1)
        builder.add("paragraph", summary)
    dates = [next((found for name in names if (found := _front(matter, _field(name)))), "") for names in _DATES]
    told = properties(author=_front(matter, _field("author")), created=dates[0], modified=dates[1])
    return replace(builder.build(title), properties=told)


def add_markdown(builder: DocumentBuilder, source: str) -> None:
    """Append the blocks of ``source``, which is clean and has no front matter."""
    MarkdownReader(builder).read(renderer().parse(_GENERATED_ADDRESS.sub("](#)", source)))


@cache
def _field(name: str) -> re.Pattern[str]:
    return re.compile(_FRONT_FIELD.format(name), re.MULTILINE | re.IGNORECASE)


def _front(front: str, field: re.Pattern[str]) -> str:
    found = field.search(front)
    return found.group(1).strip().strip("\"'") if found is not None else ""


@cache
def renderer() -> MarkdownIt:
    """The one Markdown parser of this process: CommonMark with tables and strikethrough."""
    parser = MarkdownIt("zero")
    parser.block, parser.inline = _BoundedBlocks(), _BoundedInline()
    parser.configure("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})
    return parser


class _BoundedBlocks(ParserBlock):
    """Takes what is nested too deeply to be told apart for one paragraph, which the library would leave out."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803 - the library's names
        """Add the tokens of these lines."""
        if state.level < _MAX_NESTING - 1:
            super().tokenize(state, startLine, endLine)
            return
        token = state.push("inline", "", 0)
        lines = state.getLines(startLine, endLine, state.blkIndent, False).split("\n")
        token.content = "\n".join(line.lstrip("> \t") for line in lines)
        token.children = []
        state.line = endLine


class _BoundedInline(ParserInline):
    """Looks ahead for the ends of links a bounded number of steps a paragraph; brackets beyond it are text.

    The library looks from each bracket that nothing closes to the paragraph's end: hours for a megabyte of them.
    """

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        """Add the tokens of ``src``, a paragraph or a picture's description within one, to ``tokens``."""
        is_outermost = "steps" not in env
        if is_outermost:
            env["steps"] = _STEPS + len(src) // 2
        try:
            return super().parse(src, md, env, tokens)
        finally:
            if is_outermost:
                del env["steps"]

    def skipToken(self, state: StateInline) -> None:  # noqa: N802 - the library's name
        """Go past one token, or to the end when the paragraph has no steps left."""
        state.env["steps"] -= 1
        if state.env["steps"] < 0:
            state.pos = state.posMax
        else:
            super().skipToken(state)


def _footnote(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """The rule for "[^1]: words", which CommonMark takes for a link's address: the lines up to a blank one."""
    start = state.bMarks[first] + state.tShift[first]
    match = _FOOTNOTE.match(state.src, start, state.eMarks[first])
    if match is None:
        return False
    if silent:
        return True
    line = first + 1
    while line < last and not state.isEmpty(line) and not _FOOTNOTE.match(state.src, state.bMarks[line]):
        line += 1
    state.line = line
    state.push("footnote_open", "", 1)
    token = state.push("inline", "", 0)
    token.content = state.src[match.end() : state.eMarks[line - 1]].strip()
    token.children = []
    state.push("footnote_close", "", -1)
    return True


class MarkdownReader:
    """Turns markdown-it's flat list of tokens into blocks."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.builder = builder
        self.cells = CellBudget()
        self.depth = 0
        self.quotes = 0
        self.heading = 0
        self.marker: str | None = None
        self.rows: list[list[str]] | None = None
        self.markup: list[str] = []

    def read(self, tokens: list[Token]) -> None:
        """Add the blocks of ``tokens``, in order."""
        for token in tokens:
            if token.type == "html_block":
                # A blank line ends a piece of HTML for Markdown, though the table that it is may go on.
                self.markup.append(token.content)
                continue
            self._add_markup()
            if token.type == "inline":
                self._inline(token)
            elif token.type in ("fence", "code_block"):
                self.builder.add("code", token.content)
            else:
                self._structure(token)
        self._add_markup()

    def _add_markup(self) -> None:
        if self.markup:
            html.add_fragment(self.builder, _without_marks("\n".join(self.markup)))
            self.markup.clear()

    def _structure(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self.heading = int(token.tag[1:])
            case "heading_close":
                self.heading = 0
            case "bullet_list_open" | "ordered_list_open":
                self.depth += 1
            case "bullet_list_close" | "ordered_list_close":
                self.depth -= 1
            case "list_item_open":
                self.marker = f"{token.info}. " if token.info else "- "
            case "footnote_open":
                self.marker = "- "
            case "list_item_close" | "footnote_close":
                self.marker = None
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "table_open":
                self.rows = []
            case "tr_open":
                if self.rows is not None:
                    self.rows.append([])
            case "table_close":
                self.builder.add("table", markdown_table(self.rows or []))
                self.rows = None

    def _inline(self, token: Token) -> None:
        text = _without_marks(_inline_text(token))
        if self.rows is not None:
            self.cells.take()
            if self.rows:
                self.rows[-1].append(text)
            return
        text = "\n".join(filter(None, map(collapse, text.split("\n"))))
        kind: BlockKind = "paragraph"
        level, marker = 0, ""
        if self.heading:
            kind, level, text = "heading", self.heading, collapse(text)
        elif self.marker is not None:
            kind, level, marker = "list_item", max(self.depth, 1), self.marker
            self.marker = None
        elif self.quotes:
            kind = "quote"
        self.builder.add(kind, text, level=level, marker=marker)


def _without_marks(text: str) -> str:
    """The text without generators' tags, and of links that Markdown did not take for such only the words."""
    return _LEFT_LINK.sub(r"\1", _GENERATOR_TAG.sub("", text))


def _inline_text(token: Token) -> str:
    """What an inline token shows: soft breaks are spaces, hard breaks newlines, images their description."""
    parts: list[str] = []
    for child in token.children or ():
        if child.type == "text":
            parts.append(_FOOTNOTE_MARK.sub("", child.content))
        elif child.type in ("code_inline", "image"):
            parts.append(child.content)
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _LINE_BREAK_TAG.match(child.content)):
            parts.append("\n")
    return "".join(parts)
