"""Rows 29 and 30: what an instructor opens afterwards."""

# ruff: noqa: E501 (lines of attacks, in strings)

from corpus.build import but, cells, code_cell, dump, find, notebook, without_ids
from corpus.model import FULL, Attack, HandedIn, Place

SCRIPT = "<script>document.title='MARK'</script>"
ACTIVE = [
    SCRIPT,
    "<img src=x onerror=\"document.title='MARK'\">",
    "<svg onload=\"document.title='MARK'\"><script>MARK</script></svg>",
    "<a href=\"javascript:document.title='MARK'\">click</a>",
    "<a href=\" java\tscript:document.title='MARK'\">click</a>",
    "<iframe srcdoc=\"<script>parent.document.title='MARK'</script>\"></iframe>",
    "<iframe src=\"javascript:'MARK'\"></iframe>",
    '<object data="data:text/html,<script>MARK</script>"></object><embed src="data:text/html,MARK">',
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/MARK"><base href="http://127.0.0.1:9/MARK/">',
    '<form action="http://127.0.0.1:9/MARK"><input autofocus onfocus="MARK()"></form>',
    '<style>@import url("http://127.0.0.1:9/MARK.css"); body {background: url(http://127.0.0.1:9/MARK)}</style>',
    '<link rel="stylesheet" href="http://127.0.0.1:9/MARK.css">',
    "<details open ontoggle=\"document.title='MARK'\">x</details>",
    '<math><mtext></mtext><mglyph><style><img src=x onerror="MARK"></style></mglyph></math>',
    "<noscript><p title=\"</noscript><img src=x onerror='MARK'>\">",
]
MATH = [
    r"$\href{javascript:document.title='MARK'}{click}$",
    r"$$\require{html}\style{background: url(http://127.0.0.1:9/MARK)}{x}$$",
    r"[click](javascript:document.title='MARK')",
    r"![x](http://127.0.0.1:9/MARK.png)",
    r"[x]: javascript:MARK" + "\n\n[x]",
]


def marked(text: str, place: Place) -> str:
    """The text with this place's mark."""
    return text.replace("MARK", place.mark)


def shown(source: str):
    """A cell that shows active content in this way; ``PARTS`` is what there is to show."""

    def build(place: Place) -> HandedIn:
        parts = [marked(part, place) for part in ACTIVE]
        return cells(f"PARTS = {parts!r}\n{source}")(place)

    return build


def in_markdown(place: Place) -> HandedIn:
    """In text cells, and in the written answer that a teacher reads."""
    content = without_ids(notebook(place))
    text = marked("\n\n".join([*ACTIVE, *MATH]), place)
    content["cells"].append({"cell_type": "markdown", "metadata": {}, "source": text})
    find(content, "reflection")["source"] = text
    return HandedIn(dump(content))


def in_raw_cells(place: Place) -> HandedIn:
    content = without_ids(notebook(place))
    for kind in ("text/html", "text/restructuredtext", "text/markdown", "text/latex", None):
        metadata = {"raw_mimetype": kind, "format": kind} if kind else {}
        content["cells"].append({"cell_type": "raw", "metadata": metadata, "source": marked(SCRIPT, place)})
    return HandedIn(dump(content))


def in_attachments(place: Place) -> HandedIn:
    """Pictures attached to a text cell that are scripts."""
    import base64

    svg = marked("<svg xmlns='http://www.w3.org/2000/svg' onload='MARK()'><script>MARK</script></svg>", place)
    cell = {
        "cell_type": "markdown",
        "metadata": {},
        "source": "![x](attachment:x.svg) ![y](attachment:y.png)",
        "attachments": {
            "x.svg": {"image/svg+xml": base64.b64encode(svg.encode()).decode()},
            "y.png": {'image/png" onerror="' + place.mark: "AAAA"},
        },
    }
    content = without_ids(notebook(place))
    content["cells"].append(cell)
    return HandedIn(dump(content))


def in_stored_outputs(place: Place) -> HandedIn:
    """Outputs that were stored in the notebook, of each kind that a page can render."""
    content = without_ids(notebook(place))
    kinds = {
        "text/html": SCRIPT,
        "application/javascript": "document.title='MARK'",
        "image/svg+xml": "<svg onload=\"document.title='MARK'\"></svg>",
        "text/markdown": "\n\n".join(ACTIVE),
        "text/latex": MATH[0],
        "application/vnd.jupyter.widget-view+json": {"model_id": "</script>" + SCRIPT},
        "image/png": "AAAA\" onerror=\"document.title='MARK'",
    }
    text = {kind: marked(value, place) if isinstance(value, str) else value for kind, value in kinds.items()}
    cell = code_cell("pass")
    cell["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": {k: v}} for k, v in text.items()
    ]
    content["cells"].append(cell)
    for task in FULL:
        find(content, task)["outputs"] = cell["outputs"]
    return HandedIn(dump(content))


def in_names(place: Place) -> HandedIn:
    """In metadata, tags, ids, titles and grade_ids."""
    content = without_ids(notebook(place))
    evil = marked("\"><script>document.title='MARK'</script>", place)
    content["metadata"] |= {
        "title": evil,
        "authors": [{"name": evil}],
        "kernelspec": {"name": evil, "display_name": evil},
    }
    content["metadata"]["language_info"] = {"name": evil, "pygments_lexer": evil}
    cell = code_cell("pass")
    cell["metadata"] = {
        "nbgrader": {"grade_id": evil, "grade": True, "points": 1},
        "tags": [evil],
        "name": evil,
    }
    content["cells"].append(cell)
    return HandedIn(dump(content))


def copy_files(place: Place) -> HandedIn:
    """Pages beside the notebook, which may be given back with the feedback."""
    page = marked(f"<html>{SCRIPT}</html>", place).encode()
    return HandedIn(cells("pass")(place).notebook, {"freezing.html": page, "index.html": page, "x.svg": page})


def roster(number: int, title: str, first: str, last: str) -> Attack:
    """A name in the roster, which the student chose."""
    return Attack(f"roster-{number}", 30, title, cells("pass"), names=(first, last))


ATTACKS = [
    Attack(
        "html-display",
        29,
        "shows HTML",
        shown("from IPython.display import HTML, display\nfor part in PARTS: display(HTML(part))"),
    ),
    Attack(
        "js-display",
        29,
        "shows JavaScript, SVG, Markdown and LaTeX",
        shown(
            "from IPython.display import SVG, Javascript, Markdown, Latex, display\n"
            "for part in PARTS:\n"
            "    display(Markdown(part)); display(Latex(part))\n"
            "    display({'application/javascript': MARK, 'image/svg+xml': part}, raw=True)\n"
            "display(Javascript(MARK))\n"
        ),
    ),
    Attack(
        "printed-html",
        29,
        "prints HTML, and terminal sequences",
        shown(
            "for part in PARTS: print(part)\n"
            "print('\\x1b[31m' + PARTS[0] + '\\x1b]8;;javascript:' + MARK + '\\x07x\\x1b]8;;\\x07')\n"
            "import sys; print(PARTS[1], file=sys.stderr)\n"
        ),
    ),
    Attack(
        "repr-html",
        29,
        "objects whose _repr_html_ and _repr_mimebundle_ are scripts",
        shown(
            "class Shown:\n"
            "    def __repr__(self): return PARTS[0]\n"
            "    def _repr_html_(self): return PARTS[0]\n"
            "    def _repr_svg_(self): return PARTS[2]\n"
            "    def _repr_png_(self): return PARTS[1]\n"
            "    def _repr_javascript_(self): return MARK\n"
            "from IPython.display import display\n"
            "display(Shown())\n"
            "Shown()"
        ),
    ),
    Attack(
        "exception-html",
        29,
        "exceptions whose type, text and line are scripts",
        cells(
            'Kind = type("<script>\'" + MARK + "\'</script>", (Exception,), {})',
            own={
                task: f'def {task}(*a): raise Kind("<img src=x onerror=\'" + MARK + "\'>") # <script>{task}</script>\n'
                for task in FULL
            },
            last=['raise Kind("<script>\'" + MARK + "\'</script>")'],
        ),
    ),
    Attack(
        "render-traceback",
        29,
        "an exception that renders its own traceback",
        cells(
            "class Own(Exception):\n"
            '    def _render_traceback_(self): return ["<script>\'" + MARK + "\'</script>"]\n'
            "raise Own\n"
        ),
    ),
    Attack("markdown-script", 29, "HTML and scripts in text cells and in the written answer", in_markdown),
    Attack("raw-cells", 29, "raw cells that say they are HTML", in_raw_cells),
    Attack("attachments", 29, "attached pictures that are scripts", in_attachments),
    Attack("stored-outputs", 29, "stored outputs of every kind that a page renders", in_stored_outputs),
    Attack("evil-names", 29, "scripts in titles, tags, ids and metadata", in_names),
    Attack("evil-files", 29, "pages beside the notebook", copy_files),
    Attack(
        "fake-picture",
        29,
        "pictures that are scripts, and a picture's attributes",
        shown(
            "from IPython.display import display\n"
            "import base64\n"
            "text = 'iVBORw0KGgo=\" onerror=\"' + MARK\n"
            "display({'image/png': text}, raw=True)\n"
            "display({'image/png': base64.b64encode(b'\\x89PNG\\r\\n\\x1a\\n' + PARTS[0].encode()).decode() + '\">' + PARTS[0]}, raw=True)\n"
            "display({'image/png': 'AAAA'}, metadata={'image/png': {'width': '1\" onerror=\"' + MARK}}, raw=True)\n"
        ),
    ),
    Attack(
        "terminal",
        29,
        "terminal sequences in an exception, for the console of who grades",
        cells(
            own={
                "freeze_backbone": "def freeze_backbone(model): raise ValueError('\\x1b[2J\\x1b]0;' + MARK + '\\x07')\n"
            },
            last=[
                "raise ValueError('\\x1b]52;c;' + MARK + '\\x07\\x1b[2J\\x1b]0;' + MARK + '\\x07\\x9b31m\\u202e')"
            ],
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "formula-id",
        30,
        "a student id that is a formula",
        cells("pass", right=FULL),
        honest=FULL,
        expected={},
        graded=False,
        student="=1+1",
    ),
    Attack(
        "formula-id-2",
        30,
        "a student id that is a formula after an at sign",
        cells("pass", right=FULL),
        honest=FULL,
        expected={},
        graded=False,
        student='@SUM(1;1),"x"',
    ),
    roster(1, "a first name that is a formula", '=HYPERLINK("http://127.0.0.1:9/MARK")', "+1+1"),
    roster(2, "a name that starts a program", "@SUM(1+1)*cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"),
    roster(3, "names with delimiters, quotes, tabs and line breaks", "\t=1+1", 'x","15","15\r\n=2+2,;=3+3'),
    roster(4, "a formula behind spaces, in full-width signs", "\uff1d1+1", " =1+1"),
]
