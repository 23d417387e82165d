"""The feedback page of a submission: nbconvert's exporter that makes it of a graded notebook.

The page is one file that works from a disk, in an e-mail and on any server. It holds no script and asks for
nothing: a policy in it says so, and allows one style, by its hash. The template escapes whatever is not
marked as HTML, and only HTML from :mod:`autograder.pages` is marked.
"""

import re
from dataclasses import dataclass, field

import jinja2
import nbformat
from markupsafe import Markup
from nbconvert.exporters import Exporter, TemplateExporter
from nbgrader.preprocessors import GetGrades
from traitlets import default

from autograder import outputs, pages, report

FORMATTED = 400_000
"""Characters of a notebook that are formatted. What comes after them is shown as it is written."""
LISTED_PAGE = re.compile(r'<span class="page">([A-Za-z0-9_./#-]{1,200})</span>')


class Grades(GetGrades):
    """Puts scores and comments into the notebook; also whether a cell waits for a person to read it."""

    def _get_score(self, cell, resources):
        super()._get_score(cell, resources)
        grade = self.gradebook.find_grade(
            cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        cell.metadata.nbgrader.waiting = bool(grade.needs_manual_grade)


@dataclass
class Part:
    """One cell as the page shows it."""

    kind: str
    """``text``, ``given``, ``answer``, ``own``, ``check`` or ``raw``."""
    name: str = ""
    body: Markup | str = ""
    score: float | None = None
    points: float = 0
    waiting: bool = False
    comment: Markup | str = ""
    outputs: list[dict] = field(default_factory=list)

    @property
    def graded(self) -> bool:
        return self.score is not None


class FeedbackExporter(TemplateExporter):
    """A graded notebook as a feedback page."""

    output_mimetype = "text/html"

    @default("template_name")
    def _template_name_default(self):
        return "feedback"

    @default("extra_template_basedirs")
    def _basedirs_default(self):
        return [str(pages.TEMPLATES)]

    @default("file_extension")
    def _file_extension_default(self):
        return ".html"

    def _create_environment(self):
        environment = super()._create_environment()
        environment.autoescape = True
        environment.undefined = jinja2.StrictUndefined
        return environment

    def from_notebook_node(self, nb: nbformat.NotebookNode, resources: dict | None = None, **words):
        """The page's text, and nbconvert's resources."""
        notebook, resources = Exporter.from_notebook_node(self, nb, resources, **words)
        named = resources["nbgrader"]
        style = (pages.TEMPLATES / "feedback" / "style.css").read_text(encoding="utf-8")
        page = self.template.render(
            named=named,
            parts=_parts(notebook),
            style=Markup(style),
            style_hash=pages.policy_hash(style),
            points=report.points_text,
        )
        return page, resources


def _parts(notebook):
    left = FORMATTED
    parts = []
    for cell in notebook.cells:
        left -= len(cell.source)
        parts.append(_part(cell, plainly=left < 0))
    return parts


def _part(cell, plainly):
    meta = cell.metadata.get("nbgrader", {})
    is_check = bool(meta.get("grade")) and not meta.get("solution")
    part = Part("check" if is_check else _kind(cell, meta), name=meta.get("grade_id", ""))
    if cell.cell_type == "code" and is_check:
        part.body = _report(cell)
    elif cell.cell_type == "raw":
        pass  # the page only says that there was one
    elif plainly:
        part.body = outputs.visible(cell.source)
    else:
        part.body = Markup((pages.code if cell.cell_type == "code" else pages.markdown)(cell.source))
    if cell.cell_type == "code" and not is_check:
        part.outputs = [shown for output in cell.outputs for shown in _shown(output)]
    if "score" in meta:
        part.score, part.points = meta.score, meta.points
        part.waiting = meta.get("waiting", False)
    if meta.get("comment"):
        part.comment = Markup(pages.markdown(meta.comment))
    return part


def _kind(cell, meta):
    if meta.get("solution") or meta.get("task"):
        return "answer"
    if cell.cell_type == "markdown":
        return "text"
    if cell.cell_type == "raw":
        return "raw"
    return "given" if meta.get("locked") else "own"


def _report(cell):
    """What the grader wrote below a check, with links to the book when its address is known."""
    found = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    clean = pages.report("\n".join(found))
    return Markup(LISTED_PAGE.sub(lambda page: report.page_link(page[1]), clean))


def _shown(output):
    """An output in the form that the template shows: text or a picture, nothing else."""
    if output.output_type == "stream":
        yield {"kind": output.name, "text": outputs.plain(output.text)}
    elif output.output_type == "error":
        yield {"kind": "error", "text": outputs.plain("\n".join(output.traceback))}
    elif "image/png" in output.data:
        picture = outputs.png(output.data["image/png"])
        if picture is not None:
            yield {"kind": "picture", "png": picture}
    elif "text/plain" in output.data:
        yield {"kind": "text", "text": outputs.plain(output.data["text/plain"])}
