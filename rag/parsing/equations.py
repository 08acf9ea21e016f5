"""Writes the equations of Office documents (OMML) as LaTeX, between dollar signs."""

import re
from collections.abc import Iterable

from lxml import etree

from rag.parsing import limits
from rag.parsing.elements import child, child_value, children, local_name

_SIGNS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ∑∏∫∬∭∮∞±∓×÷·⋅∙≤≥≠≈≡∈∉⊂⊆∪∩⋃⋂⋀⋁∧∨∀∃∂∇→←⇒⇔√…⋯"
_COMMANDS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega
Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega
sum prod int iint iiint oint infty pm mp times div cdot cdot cdot le ge ne approx equiv in notin subset subseteq cup cap
bigcup bigcap bigwedge bigvee wedge vee forall exists partial nabla to leftarrow Rightarrow Leftrightarrow surd ldots
cdots
"""
_SYMBOLS = dict(zip(_SIGNS, _COMMANDS.split(), strict=True))
_FUNCTION_NAMES = "sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln exp lim max min det"
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_ACCENTS = {"̂": "hat", "̃": "tilde", "̄": "bar", "̅": "overline", "⃗": "vec", "̇": "dot", "̈": "ddot"}
_WHOLE = re.compile(r".?$|\\[A-Za-z]+ ?$|\\left")
"""What needs no braces to carry an index: one character, one command, what stands in brackets."""
_ESCAPED = {"%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "{": r"\{", "}": r"\}", "_": r"\_", "−": "-", "\xa0": " "}


def latex(equation: etree._Element) -> str:
    """The equation as LaTeX between dollar signs; empty when it holds nothing."""
    inner = _all(equation.iterchildren(etree.Element), 0).strip()
    return f"${inner}$" if inner else ""


def _all(elements: Iterable[etree._Element], depth: int) -> str:
    if depth > limits.MAX_DEPTH:
        return ""
    return "".join(_one(element, depth + 1) for element in elements)


def _inside(element: etree._Element | None, depth: int) -> str:
    return _all(element.iterchildren(etree.Element), depth).strip() if element is not None else ""


def _one(element: etree._Element, depth: int) -> str:
    name = local_name(element)
    if name == "t":
        return _text(element.text or "")
    if name.endswith("Pr") or name in ("del", "moveFrom"):
        return ""
    handler = _HANDLERS.get(name)
    return handler(element, depth) if handler else _all(element.iterchildren(etree.Element), depth)


def _text(text: str) -> str:
    parts: list[str] = []
    for character in text:
        symbol = _SYMBOLS.get(character)
        parts.append(f"\\{symbol} " if symbol else _ESCAPED.get(character, character))
    return "".join(parts)


def _part(element: etree._Element, name: str, depth: int) -> str:
    return _inside(child(element, name), depth)


def _fraction(element: etree._Element, depth: int) -> str:
    above, below = _part(element, "num", depth), _part(element, "den", depth)
    shape = child_value(child(element, "fPr"), "type")
    if shape == "lin":
        return f"{above}/{below}"
    if shape == "noBar":
        return f"\\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"
    return f"\\frac{{{above}}}{{{below}}}"


def _scripts(element: etree._Element, depth: int) -> str:
    base, below, above = (_part(element, name, depth) for name in ("e", "sub", "sup"))
    written = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{{}}{written}{base}" if local_name(element) == "sPre" else f"{_grouped(base)}{written}"


def _grouped(base: str) -> str:
    return base if _WHOLE.match(base) else f"{{{base}}}"


def _root(element: etree._Element, depth: int) -> str:
    degree, base = _part(element, "deg", depth), _part(element, "e", depth)
    return f"\\sqrt[{degree}]{{{base}}}" if degree else f"\\sqrt{{{base}}}"


def _large(element: etree._Element, depth: int) -> str:
    sign = child_value(child(element, "naryPr"), "chr") or "∫"
    below, above = _part(element, "sub", depth), _part(element, "sup", depth)
    bounds = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{_text(sign).strip()}{bounds}{{{_part(element, 'e', depth)}}}"


def _brackets(element: etree._Element, depth: int) -> str:
    properties = child(element, "dPr")
    left, right, between = (child_value(properties, name) for name in ("begChr", "endChr", "sepChr"))
    inner = (between or "|").join(_inside(part, depth) for part in children(element, "e"))
    opening, closing = (_bracket(sign, usual) for sign, usual in ((left, "("), (right, ")")))
    return f"\\left{opening}{inner}\\right{closing}"


def _bracket(sign: str | None, usual: str) -> str:
    if sign is None:
        return usual
    return {"": ".", "{": r"\{", "}": r"\}", "⟨": r"\langle ", "⟩": r"\rangle ", "‖": r"\|"}.get(sign, sign)


def _function(element: etree._Element, depth: int) -> str:
    name = _part(element, "fName", depth)
    known, _, rest = name.partition("_")
    if known.strip("{}") in _FUNCTIONS:
        name = "\\" + known.strip("{}") + ("_" + rest if rest else "")
    return f"{name}{{{_part(element, 'e', depth)}}}"


def _limit(element: etree._Element, depth: int) -> str:
    mark = "^" if local_name(element) == "limUpp" else "_"
    return f"{_part(element, 'e', depth)}{mark}{{{_part(element, 'lim', depth)}}}"


def _matrix(element: etree._Element, depth: int) -> str:
    rows = (" & ".join(_inside(cell, depth) for cell in children(row, "e")) for row in children(element, "mr"))
    return "\\begin{matrix}" + r" \\ ".join(rows) + "\\end{matrix}"


def _lines(element: etree._Element, depth: int) -> str:
    lines = r" \\ ".join(_inside(line, depth) for line in children(element, "e"))
    return "\\begin{aligned}" + lines + "\\end{aligned}"


def _accent(element: etree._Element, depth: int) -> str:
    sign = child_value(child(element, "accPr"), "chr") or "̂"
    return f"\\{_ACCENTS.get(sign, 'hat')}{{{_part(element, 'e', depth)}}}"


def _brace(element: etree._Element, depth: int) -> str:
    below = child_value(child(element, "groupChrPr"), "pos") != "top"
    return f"\\{'underbrace' if below else 'overbrace'}{{{_part(element, 'e', depth)}}}"


def _bar(element: etree._Element, depth: int) -> str:
    place = child_value(child(element, "barPr"), "pos")
    return f"\\{'overline' if place == 'top' else 'underline'}{{{_part(element, 'e', depth)}}}"


_HANDLERS = {
    "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts, "rad": _root,
    "nary": _large, "d": _brackets, "func": _function, "limLow": _limit, "limUpp": _limit, "m": _matrix,
    "eqArr": _lines, "acc": _accent, "bar": _bar, "groupChr": _brace,
}  # fmt: skip
