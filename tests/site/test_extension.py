"""The parts of the book's Sphinx extension, each alone."""

from pathlib import Path

import pytest
from course_site.drawings import DrawingError, messages, read
from course_site.images import with_size
from course_site.languages import other_edition
from course_site.mathml import to_mathml
from course_site.photos import without_photos
from course_site.quiz import QuizError, split_choices
from course_site.theme import icon_rules, name_toggles

BOOK = Path(__file__).resolve().parents[2] / "book"


def test_a_formula_becomes_mathml_without_any_script() -> None:
    assert to_mathml("D_S", block=False).startswith("<math")
    assert 'display="block"' in to_mathml(r"P(Y \mid X)", block=True)


def test_a_quiz_keeps_each_choice_with_its_explanation() -> None:
    first, second = split_choices(
        ["- [ ] No.", "", "  Because.", "- [x] Yes.", "", "  Since so.", "", "  And so."]
    )
    assert first == (False, 0, "No.", "Because.")
    assert second[0] and second[3] == "Since so.\n\nAnd so."


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["- [x] Only one.", "", "  Why."], "at least two"),
        (["- [ ] A.", "", "  Why.", "- [ ] B.", "", "  Why."], "one of them right"),
        (["- [ ] A.", "- [x] B.", "", "  Why."], "no explanation"),
        (["Some text."], "expected a choice"),
    ],
)
def test_a_quiz_without_answers_is_refused(lines: list[str], says: str) -> None:
    with pytest.raises(QuizError, match=says):
        split_choices(lines)


@pytest.mark.parametrize("path", sorted((BOOK / "drawings").glob("*.svg")), ids=lambda path: path.stem)
def test_every_drawing_says_what_it_shows_and_takes_its_colours_from_the_page(path: Path) -> None:
    assert len(messages(read(path))) >= 2
    source = path.read_text(encoding="utf-8")
    assert "fill=" not in source and "#" not in source.replace("url(#", ""), "colours belong into course.css"


def test_a_drawing_without_a_description_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><title>Bare</title></svg>')
    with pytest.raises(DrawingError, match="<desc>"):
        read(path)


def test_images_get_their_size_unless_the_author_gave_one() -> None:
    assert with_size('<img alt="a" src="b.png">', 640, 480).startswith('<img width="640" height="480"')
    given = '<img width="20" src="b.png">'
    assert with_size(given, 640, 480) == given


def test_the_other_edition_is_reached_by_a_relative_address() -> None:
    assert other_edition("index", "en") == "ja/index.html"
    assert other_edition("background/definition", "en") == "../ja/background/definition.html"
    assert other_edition("background/definition", "ja") == "../../background/definition.html"


def test_openers_of_the_table_of_contents_get_the_name_of_their_page() -> None:
    html = (
        '<a class="reference internal" href="x.html">The <em>page</em></a><details><summary><i></i></summary>'
    )
    assert 'aria-label="The page"' in name_toggles(html)


def test_only_icons_in_use_are_drawn() -> None:
    regular = '{sun:[512,512,[9],"f185","M1 2"],moon:[384,512,[],"f186","M3 4"]}'
    script = regular + ',{sun:[512,512,[9],"f185","M5 6"]}'
    rules = icon_rules({"sun"}, script)
    assert "M5 6" in rules.replace("%20", " ") and "M3" not in rules


def test_without_the_photo_set_its_cells_are_shown_and_a_note_stands_above_the_first() -> None:
    page = (
        "Text.\n\n```{code-cell}\n---\ntags: [photos]\n---\nphotos = load_photos()\n```\n\n"
        "```{code-cell}\nprint(1)\n```\n\n```{code-cell}\n:tags: [photos]\nshow(photos)\n```\n"
    )
    shown = without_photos(page)
    assert shown.count("{photos-missing}") == 1
    assert "```python\nphotos = load_photos()\n```" in shown
    assert "```{code-cell}\nprint(1)\n```" in shown
    assert "show(photos)" in shown and "tags" not in shown
