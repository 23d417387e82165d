"""A question with choices; every choice, right or wrong, opens to its explanation.

Written as ``{quiz} The question?`` with a list. ``- [x]`` marks a right choice, ``- [ ]`` a wrong one; the
first line is the choice, the indented text below it the explanation. Shown with the browser's own
``<details>``: it works by keyboard, without script and on paper.
"""

import re
from textwrap import dedent
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

_ = get_translation("course_site")
MARK = re.compile(r"- \[([ x])\] (.+)")


class QuizError(ValueError):
    """A quiz that would leave a reader without an answer; the message says which part."""


def split_choices(lines: list[str]) -> list[tuple[bool, int, str, str]]:
    """Each choice as (right?, its line, choice text, explanation text).

    Raises:
        QuizError: no right choice, fewer than two choices, or a choice without an explanation.
    """
    choices: list[tuple[bool, int, str, list[str]]] = []
    for number, line in enumerate(lines):
        if match := MARK.match(line):
            choices.append((match[1] == "x", number, match[2].strip(), []))
        elif choices:
            choices[-1][3].append(line)
        elif line.strip():
            raise QuizError(f"expected a choice such as '- [ ] text', got {line!r}")
    if len(choices) < 2 or not any(right for right, *_ in choices):
        raise QuizError("a quiz needs at least two choices, one of them right ('- [x]')")
    for _right, _number, text, explanation in choices:
        if not any(line.strip() for line in explanation):
            raise QuizError(f"the choice {text!r} has no explanation below it")
    return [(right, at, text, dedent("\n".join(body)).strip()) for right, at, text, body in choices]


class quiz(nodes.General, nodes.Element):
    """One question: a paragraph, then its choices."""


class choice(nodes.General, nodes.Element):
    """One choice: a paragraph with its text, then the explanation."""


class QuizDirective(SphinxDirective):
    """``{quiz}`` with the question as its argument."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        try:
            choices = split_choices(list(self.content))
        except QuizError as error:
            raise self.error(str(error)) from None
        number = self.env.temp_data["quiz_number"] = self.env.temp_data.get("quiz_number", 0) + 1
        block = quiz(number=number)
        self._parse(self.arguments[0], 0, block)
        for right, at, text, explanation in choices:
            item = choice(right=right, group=f"quiz-{number}")
            self._parse(text, at, item)
            self._parse(explanation, at + 1, item)
            block += item
        return [block]

    def _parse(self, text: str, line: int, parent: nodes.Element) -> None:
        content = StringList(text.splitlines(), source=self.get_source_info()[0])
        self.state.nested_parse(content, self.content_offset + line, parent)


def _visit_quiz(self: HTML5Translator, node: quiz) -> None:
    title = _("Question %d") % node["number"]
    self.body.append(f'<div class="quiz" role="group" aria-label="{title}">')
    self.body.append(f'<p class="quiz-title">{title}</p>')


def _depart_quiz(self: HTML5Translator, node: quiz) -> None:
    self.body.append("</div>\n")


def _visit_choice(self: HTML5Translator, node: choice) -> None:
    answer = _("Right") if node["right"] else _("Not quite")
    kind = "right" if node["right"] else "wrong"
    self.body.append(f'<details class="quiz-choice quiz-{kind}" name="{node["group"]}"><summary><span>')
    for child in node[0].children:
        child.walkabout(self)
    self.body.append(f'</span></summary><div class="quiz-answer"><p class="quiz-verdict">{answer}</p>')
    for child in node.children[1:]:
        child.walkabout(self)
    self.body.append("</div></details>\n")
    raise nodes.SkipNode


def _pass(self: nodes.NodeVisitor, node: nodes.Element) -> None:
    """Builders that only read the text need no markup."""


def setup(app: Sphinx) -> None:
    app.add_node(quiz, html=(_visit_quiz, _depart_quiz), gettext=(_pass, _pass), text=(_pass, _pass))
    app.add_node(choice, html=(_visit_choice, None), gettext=(_pass, _pass), text=(_pass, _pass))
    app.add_directive("quiz", QuizDirective)
