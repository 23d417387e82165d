"""Formulas of a student as MathML: the browser shows them without any script.

``latex2mathml.convert`` writes what stands in ``\\text{...}`` unescaped, and makes links of ``\\href``. So
its tree is taken instead, and only elements and attributes that draw are copied from it.
"""

import html
import re
from xml.etree.ElementTree import Element

from autograder.outputs import visible

LENGTH = 1000
"""A longer formula is shown as its source: the converter recurses into it."""
DEFINES = re.compile(r"\\(?:[gex]?def|let|(?:re)?new|provide|Declare)")
"""Macros can make a short formula expand without end."""
OPERATORS = dict.fromkeys(range(0x2061, 0x2065))
"""Signs for "applied to" and "times" that nobody sees, and that :func:`visible` would mark."""

ELEMENTS = """
    math mrow mi mn mo ms mtext mspace msub msup msubsup munder mover munderover
    mfrac msqrt mroot mstyle mtable mtr mtd mpadded mphantom menclose
"""
KEYWORDS = """
    display displaystyle stretchy fence separator form largeop movablelimits accent accentunder mathvariant
    columnalign rowlines columnlines notation
"""
NUMBERS = "scriptlevel linethickness minsize maxsize lspace rspace width"
KEPT = set(ELEMENTS.split())
VALUES = {
    **dict.fromkeys(KEYWORDS.split(), re.compile(r"[a-z-]{1,20}(?: [a-z-]{1,20}){0,30}")),
    **dict.fromkeys(NUMBERS.split(), re.compile(r"[+-]?\d{1,2}(?:\.\d{1,4})?(?:em|ex)?")),
}


def tree(latex: str, block: bool) -> Element | None:
    """The formula as a tree of MathML elements; None when it cannot be read, or is too much to read."""
    from latex2mathml.converter import convert_to_element

    if len(latex) > LENGTH or DEFINES.search(latex):
        return None
    try:
        clean = _copy(convert_to_element(latex, display="block" if block else "inline"))
    except Exception:  # whatever an odd formula makes the converter do, RecursionError included
        return None
    return clean if clean is not None and "\\" not in "".join(clean.itertext()) else None


def _copy(element):
    """The element with what draws and nothing else; the tails of MathML elements hold only white space."""
    if element.tag not in KEPT:
        return None
    made = Element(element.tag)
    for name, value in element.attrib.items():
        if name in VALUES and VALUES[name].fullmatch(value):
            made.set(name, value)
    made.text = visible(html.unescape(element.text or "").translate(OPERATORS))
    made.extend(child for child in map(_copy, element) if child is not None)
    return made
