"""Takes the frame off a web page: navigation, cookie banners, teasers, comments, what stands around the content.

Only pages that show signs of such a frame are touched, and a page that would lose most of its prose is left as it is: a
word too many costs less than a sentence that nobody can find.
"""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

_FRAME_TAGS = frozenset(("nav", "footer", "aside", "header", "dialog"))
_FRAME_ROLES = "navigation banner contentinfo search dialog alertdialog menu menubar toolbar complementary"
_ROLES = frozenset(_FRAME_ROLES.split())
_FRAME_NAME = re.compile(
    r"(?:^|[\s_-])(?:(?:site|page|global|main|top|bottom|sub|primary|secondary|sticky|mobile|footer|header)?[_-]?"
    r"(?:nav(?:igation|bar|box)?|menu|footer|sidebar|side-?bar|breadcrumbs?|masthead|toolbar|skip-?(?:link|nav)\w*)"
    r"|cookies?(?:[_-]?\w*)?|consent|gdpr|onetrust\S*|didomi\S*|newsletter\S*|subscri(?:be|ption)\S*|signup|paywall"
    r"|shar(?:e|ing)(?:[_-]?\w+)?|social(?:[_-]?\w+)?|addthis\S*|sharedaddy|comments?(?:[_-]?(?:list|area|section|form"
    r"|wrap\w*|container|respond))?|disqus\S*|respond|related\S*|recommend\S*|read-?(?:more|next|also)|more-?(?:from"
    r"|stories|articles|news|posts)|most-?(?:read|popular|viewed)|popular\S*|trending|teasers?|promo\S*|advert\S*|ads?"
    r"|ad-\S+|sponsor\S*|outbrain|taboola|popup|modal|banner|pagination|pager|print-?only|noprint|rating\S*"
    r"|tag-?(?:list|s|cloud)|toc|mw-editsection|editsection|vote\S*|login\S*|share-?bar|copyright)(?=$|[\s_-])",
    re.IGNORECASE,
)
_INLINE_TAGS = """
a abbr b bdi bdo big br cite code data em font i img ins kbd label mark q s samp small span strike strong sub sup time
tt u var wbr
"""
_UNSEEN_TAGS = "script style noscript template svg iframe object select option button textarea"
_BLOCK_TAGS = "ul ol div section table tr td dl p menu aside footer form center"
_INLINE, _UNSEEN, _LIST_TAGS = (frozenset(tags.split()) for tags in (_INLINE_TAGS, _UNSEEN_TAGS, _BLOCK_TAGS))
_CONTENT_TAGS = frozenset(("p", "h1", "h2", "h3", "h4", "pre", "blockquote", "figure", "table", "dl"))
_WIDE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_SHORTEST_PAGE = 1000
_SHORTEST_PROSE = 80
_MAIN_SHARE = 0.85
_MOST_LOST = 0.3
_LINK_SHARE = 0.6
_FEWEST_LINKS = 3
_FLOW = 2
_TABLE_LINKS = 0.9
_TEASER_LINKS = 0.25
_ASIDE_SHARE = 0.15
_OWN_SHARE = 0.15


@dataclass(slots=True)
class _Element:
    """An element with sizes in letters, those of wide scripts counted three times: all of it, linked, and prose."""

    node: LexborNode
    tag: str
    parent: int
    end: int = 0
    size: int = 0
    linked: int = 0
    links: int = 0
    prose: int = 0
    own: int = 0
    has_title: bool = False
    paragraphs: int = 0


def strip_frame(body: LexborNode) -> str:
    """Remove the frame around the content of a page; returns its first heading if that went with the frame."""
    elements = _measured(body)
    whole = elements[0]
    framed = [index for index, element in enumerate(elements) if index and _is_frame(element)]
    if whole.size < _SHORTEST_PAGE or not framed or whole.prose == 0:
        return ""
    gone = _Gone(elements)
    for index in framed:
        element = elements[index]
        if element.prose <= _MOST_LOST * whole.prose:
            gone.add(index)
    for index, element in enumerate(elements):
        if element.tag in _LIST_TAGS and _is_list_of_links(element, elements[max(element.parent, 0)]):
            gone.add(index)
    _add_other_articles(elements, gone)
    _add_surroundings(elements, gone)
    return gone.remove()


class _Gone:
    """The elements that are to go, none inside of another."""

    def __init__(self, elements: list[_Element]) -> None:
        self.elements = elements
        self.indices: set[int] = set()
        self.articles: set[int] = set()

    def add(self, index: int) -> None:
        """Let an element go with all that is in it."""
        self.indices.add(index)

    def outermost(self) -> list[int]:
        """Those that lie in no other that goes, in order."""
        chosen: list[int] = []
        covered = 0
        for index in sorted(self.indices | self.articles):
            if index >= covered:
                chosen.append(index)
                covered = self.elements[index].end
        return chosen

    def remove(self) -> str:
        """Take them out of the page, unless too little would be left; returns a title that got lost."""
        chosen = self.outermost()
        whole = self.elements[0]
        lost = sum(self.elements[index].prose for index in chosen if index not in self.articles)
        if lost > _MOST_LOST * whole.prose:
            return ""
        title = ""
        for index in chosen:
            element = self.elements[index]
            if element.has_title and not title:
                heading = element.node.css_first("h1")
                title = heading.text() if heading is not None else ""
            element.node.decompose()
        return title


def _is_frame(element: _Element) -> bool:
    tag, attributes = element.tag, element.node.attributes
    if tag in ("html", "body", "main", "article", "h1", "table"):
        return False
    if tag in _FRAME_TAGS:
        return not (tag == "header" and element.has_title)
    role = attributes.get("role")
    if role is not None and role in _ROLES:
        return True
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return len(name) > 1 and tag not in _INLINE and bool(_FRAME_NAME.search(name[:500])) and not element.has_title


def _is_list_of_links(element: _Element, around: _Element) -> bool:
    """Whether it offers ways to other pages; a list that stands among paragraphs belongs to what they say."""
    if element.links < _FEWEST_LINKS or element.prose or element.has_title:
        return False
    in_flow = around.paragraphs >= _FLOW and element.tag in ("ul", "ol", "table", "p", "dl")
    return not in_flow and element.linked >= (_TABLE_LINKS if element.tag == "table" else _LINK_SHARE) * element.size


def _add_other_articles(elements: list[_Element], gone: _Gone) -> None:
    """Let go the articles that the one with the page's title holds, and those beside it if it says enough itself."""
    articles = [index for index, element in enumerate(elements) if element.tag == "article"]
    titled = [index for index in articles if elements[index].has_title]
    if len(articles) < 2 or not titled or any(elements[index].end > elements[titled[0]].end for index in titled):
        return
    main = titled[-1]
    inside = [index for index in articles if main < index < elements[main].end]
    own = elements[main].prose - sum(elements[index].prose for index in inside)
    if own >= _OWN_SHARE * elements[0].prose:
        gone.articles.update(index for index in articles if index not in titled)


def _add_surroundings(elements: list[_Element], gone: _Gone) -> None:
    """Let go what stands beside the one element that holds nearly all prose, and holds little itself."""
    left = [element.prose for element in elements]
    for index in gone.outermost():
        lost, above = left[index], index
        while above >= 0:
            left[above] -= lost
            above = elements[above].parent
    current, total = 0, left[0]
    inner: dict[int, list[int]] = {}
    for index, element in enumerate(elements[1:], 1):
        inner.setdefault(element.parent, []).append(index)
    while total > 0:
        children = inner.get(current, [])
        main = max(children, key=lambda index: left[index], default=None)
        if main is None or left[main] < _MAIN_SHARE * total or elements[main].own >= _SHORTEST_PROSE:
            break
        for index in children:
            if index != main and left[index] < _ASIDE_SHARE * total and _is_beside(elements[index], index > main):
                gone.add(index)
        current = main


def _is_beside(element: _Element, follows: bool) -> bool:
    """Whether a neighbour of the content is none itself: what stands before it is, unless it is made of links."""
    if element.has_title or element.tag in _INLINE or element.tag in _CONTENT_TAGS:
        return False
    return follows or element.linked >= _TEASER_LINKS * element.size


def _measured(body: LexborNode) -> list[_Element]:
    """All elements under ``body`` in order, itself first; without recursion."""
    elements: list[_Element] = []
    stack: list[tuple[LexborNode, int, int, bool]] = [(body, -1, 0, False)]
    while stack:
        node, parent, block, linked = stack.pop()
        if node.is_text_node:
            _count(elements, parent, block, node.text_content or "", linked)
            continue
        tag = node.tag or ""
        if not node.is_element_node or tag in _UNSEEN:
            continue
        index = len(elements)
        elements.append(_Element(node, tag, parent))
        is_link = tag == "a" and "href" in node.attributes
        if is_link:
            elements[index].links = 1
        if tag == "h1":
            elements[index].has_title = True
        child = node.last_child
        while child is not None:
            stack.append((child, index, block if tag in _INLINE else index, linked or is_link))
            child = child.prev
    _sum_up(elements)
    return elements


def _count(elements: list[_Element], parent: int, block: int, text: str, linked: bool) -> None:
    stripped = " ".join(text.split())
    if not stripped:
        return
    size = len(stripped)
    if not stripped.isascii():
        size += 2 * len(_WIDE.findall(stripped))
    elements[parent].size += size
    if linked:
        elements[parent].linked += size
    else:
        elements[block].own += size


def _sum_up(elements: list[_Element]) -> None:
    for index in range(len(elements) - 1, -1, -1):
        element = elements[index]
        element.end = max(element.end, index + 1)
        if element.own >= _SHORTEST_PROSE:
            element.prose += element.own
            if element.tag == "p" and element.parent >= 0:
                elements[element.parent].paragraphs += 1
        if element.parent >= 0:
            above = elements[element.parent]
            above.end = max(above.end, element.end)
            above.size += element.size
            above.linked += element.linked
            above.links += element.links
            above.prose += element.prose
            above.has_title = above.has_title or element.has_title
