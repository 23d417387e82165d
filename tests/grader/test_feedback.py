"""What is shown of a student's work, on feedback pages and to the person who grades: none of it can act."""

import base64
import json
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from test_formgrader import formgrader  # noqa: F401 (a fixture: nbgrader's pages, served)
from tiny_course import FIXTURE, make_course

from autograder import feedback, formulas, gradebook, grading, outputs, pages, report
from autograder.__main__ import main
from autograder.expect import Mistake
from autograder.faults import StudentFault
from autograder.sample_class import Variant, notebook_bytes, write
from autograder.verdict import TaskVerdict, TestVerdict

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


def picture(width=3, height=2, extra=b"", colour=2):
    """A PNG file in base64, with parts that do not belong to the picture if so wished."""

    def part(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + zlib.crc32(name + content).to_bytes(4, "big")
        )

    rows = (b"\0" + b"\x40\x80\xc0" * width) * min(height, 100)
    content = outputs.PNG + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    content += extra + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return base64.b64encode(content).decode()


TEXT_PART = struct.pack(">I", 9) + b"tEXta\0<script" + zlib.crc32(b"tEXta\0<script").to_bytes(4, "big")
# A text that tries to act on a page. What nobody could see in the file is written by its number there.
VECTORS = re.sub(
    r"<U\+([0-9A-F]{4})>",
    lambda found: chr(int(found[1], 16)),
    Path(__file__).with_name("hostile.md").read_text(encoding="utf-8"),
)
CODE = """# \u202e reversed
def double(values):
    '''</pre><script>pwned = 30</script>'''
    return values * 3
"""
SHOW = f'''
from IPython.display import HTML, Markdown, display
display(HTML("<script>pwned = 31</script>"), Markdown("<img src=x onerror='pwned = 32'>"))
display({{"image/png": "{picture()}"}}, raw=True)
display({{"image/png": "{picture(60000, 60000)}"}}, raw=True)
print("\\x1b[31mred\\x1b[0m \\x1b]8;;http://evil.example\\x07link\\x1b]8;;\\x07 \\u202etxet \\x00")
print("x" * 5000)
print("10%\\r100%")
import sys; print("<img src=x onerror='pwned = 33'>", file=sys.stderr)
raise ValueError("</pre><script>pwned = 34</script>")
'''


def hostile(course, student):
    """Hand in a notebook full of whatever might act on a page."""
    variant = Variant(student, "acts", cells={"reflection": VECTORS, "double-solution": CODE})
    notebook = nbformat.reads(notebook_bytes(course, "tiny", variant).decode(), as_version=4)
    tagged = nbformat.v4.new_code_cell(SHOW, metadata={"tags": ["x nbgrader_cell score"]})
    notebook.cells += [tagged, nbformat.v4.new_markdown_cell(VECTORS), nbformat.v4.new_raw_cell(VECTORS)]
    path = course.submitted("tiny", student)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A right, a wrong and a hostile submission with feedback; a person commented on the wrong one."""
    from nbgrader.api import Gradebook

    course = make_course(tmp_path_factory.mktemp("feedback"))
    assert main(["release"], course) == 0
    write(course, "tiny", Variant("s001", "right"))
    write(course, "tiny", Variant("s002", "wrong", cells={"double-solution": "def double(v): return v * 3"}))
    hostile(course, "x001")
    assert main(["grade"], course) == 0
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        grade = book.find_grade("reflection", "tiny", "tiny", "s002")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        comment = book.find_comment("reflection", "tiny", "tiny", "s002")
        comment.manual_comment = (
            "Well *put*, $x^2$. <script>pwned = 40</script><img src=x onerror='pwned = 41'>"
        )
        book.db.commit()
    assert main(["feedback"], course) == 0
    return course


def soup_of(course, student):
    return BeautifulSoup(feedback.feedback_page(course, "tiny", student).read_text("utf-8"), "html.parser")


def acts(soup: BeautifulSoup) -> list[str]:
    """What of a page could act, load something, or pretend to be a part of the page itself."""
    found = [str(tag)[:100] for tag in soup.find_all(FORBIDDEN)]
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            told = f"{tag.name} {name}={value}"[:100]
            if name.startswith("on") or name in ("style", "srcset", "xlink:href", "formaction", "action"):
                found.append(told)
            if name == "href" and not str(value).startswith(("https://", "http://", "mailto:", "#")):
                found.append(told)
            if name == "src" and not str(value).startswith("data:image/png;base64,iVBOR"):
                found.append(told)
    return found


FORBIDDEN = ["script", "iframe", "object", "embed", "base", "link", "form", "input", "button", "svg", "style"]
FORBIDDEN += [
    "template",
    "noscript",
    "textarea",
    "frame",
    "video",
    "audio",
    "source",
    "mglyph",
    "annotation-xml",
]


@pytest.mark.parametrize("student", ["s001", "s002", "x001"])
def test_a_page_has_a_policy_one_style_and_nothing_that_acts(graded, student):
    soup = soup_of(graded, student)
    (style,) = soup.find_all("style")
    policies = [tag["content"] for tag in soup.find_all("meta", attrs={"http-equiv": True})]
    assert policies == [
        f"default-src 'none'; img-src data:; style-src {pages.policy_hash(style.string)}; "
        "base-uri 'none'; form-action 'none'"
    ]
    before = soup.find("meta", attrs={"http-equiv": True}).find_all_previous(True)
    assert {tag.name for tag in before} == {"html", "head", "meta"}, "the policy comes before what it governs"
    style.extract()
    assert acts(soup) == []
    assert len({tag["id"] for tag in soup.find_all(id=True)}) == len(soup.find_all(id=True))


def test_what_a_student_relies_on_is_there(graded):
    soup = soup_of(graded, "s002")
    assert soup.h1.get_text() == "tiny" and soup.html["lang"] == "en" and soup.main and soup.header
    assert soup.find(class_="total").get_text() == "4.5 of 7 points"
    rows = [
        [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in soup.header.tbody("tr")
    ]
    assert rows == [
        ["double", "1 of 3", "1 of 3"],
        ["make_layer", "2 of 2", "2 of 2"],
        ["reflection", "1.5 of 2", "1.5 of 2"],
    ]
    for link in soup.header.find_all("a"):
        assert soup.find(id=link["href"][1:]), link
    text = soup.get_text()
    assert "Double(values) has the wrong values" in text and "return v * 3" in text
    comment = soup.find(class_="comment")
    assert comment.em.get_text() == "put" and comment.find("math") and "<script>" in comment.get_text()
    levels = [int(tag.name[1]) for tag in soup.find_all(["h1", "h2", "h3", "h4"])]
    assert levels[0] == 1 and levels.count(1) == 1
    waits = soup_of(graded, "s001")
    assert "5 of 7 points so far" in waits.get_text() and "to be read" in waits.header.get_text()


def test_a_late_penalty_is_told(graded, monkeypatch):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as book:
        book.find_submission_notebook("tiny", "tiny", "s002").late_submission_penalty = 2.0
        book.db.commit()
    try:
        monkeypatch.setenv("TRANSFER_LEARNING_SITE", "https://late.example/")  # so that pages are due
        assert main(["feedback"], graded) == 0
        header = soup_of(graded, "s002").header.get_text()
        assert "2.5 of 7 points" in header and "Handed in late\u22122" in header
    finally:
        with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as book:
            book.find_submission_notebook("tiny", "tiny", "s002").late_submission_penalty = None
            book.db.commit()


def test_the_book_is_linked_when_its_address_is_known(graded, monkeypatch):
    page = feedback.feedback_page(graded, "tiny", "s002")
    monkeypatch.delenv("TRANSFER_LEARNING_SITE", raising=False)
    assert main(["feedback"], graded) == 0
    plain = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    assert "background/definition.html" in plain.get_text() and not plain.main.find("a", class_="page")
    monkeypatch.setenv("TRANSFER_LEARNING_SITE", "https://example.org/course")
    assert main(["feedback"], graded) == 0
    link = BeautifulSoup(page.read_text("utf-8"), "html.parser").main.find("a", class_="page")
    assert link["href"] == "https://example.org/course/background/definition.html"
    monkeypatch.delenv("TRANSFER_LEARNING_SITE")
    assert main(["feedback"], graded) == 0
    assert page.read_text("utf-8") == str(
        page.read_text("utf-8")
    ) and 'class="page" href' not in page.read_text("utf-8")


def test_nbgraders_own_command_writes_the_same_page(graded, tmp_path):
    page = feedback.feedback_page(graded, "tiny", "x001")
    ours = page.read_bytes()
    page.unlink()
    (tmp_path / "nbgrader_config.py").write_text(
        f"""
import sys
sys.path.insert(0, {str(FIXTURE.parent)!r})
from pathlib import Path
from tiny_course import make_course
from autograder.nbgrader_plugin import configure
configure(get_config(), make_course(Path({str(graded.root.parent)!r})))
"""
    )
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", "tiny", "--student", "x001", "--force"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert page.read_bytes() == ours


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("there is no Chromium: install the packages of apt.txt (chromium)", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Watched:
    """A page in the browser, and what it said and asked for."""

    def __init__(self, browser: Browser, width: int = 1200, scheme: str = "light") -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.told: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.told.append("a dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", self._forbidden)  # the browser did not send it

    def _forbidden(self, request) -> None:
        if request.failure == "csp":
            self.asked.remove(request.url)

    def pwned(self) -> object:
        return self.page.evaluate("window.pwned ?? null")


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("student", ["s002", "x001"])
def test_a_browser_shows_the_page_from_a_file(graded, browser, student, scheme, width):
    seen = Watched(browser, width, scheme)
    path = feedback.feedback_page(graded, "tiny", student)
    seen.page.goto(path.as_uri())
    assert seen.told == [] and seen.pwned() is None
    assert [url for url in seen.asked if not url.startswith("data:")] == [path.as_uri()]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(seen.page, options={"preload": False}).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found] == []
    seen.page.close()


INJECTED = """<script>pwned = 50</script><img src=x onerror="pwned = 51"><style>h1 { color: red }</style>
<svg onload="pwned = 52"></svg><iframe srcdoc="<script>parent.pwned = 53</script>"></iframe>
<img src="http://evil.example/x.png"><base href="http://evil.example/">
<a id="act" href="javascript:pwned=54">x</a>
<form id="send" action="http://evil.example/"></form>"""


def test_the_policy_holds_even_if_something_gets_into_the_page(graded, browser, tmp_path):
    page = feedback.feedback_page(graded, "tiny", "s001").read_text("utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(page.replace("<main>", f"<main>{INJECTED}"), encoding="utf-8")
    seen = Watched(browser)
    seen.page.goto(changed.as_uri())
    colour = seen.page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    seen.page.click("#act")
    seen.page.evaluate("document.querySelector('#send').submit()")
    seen.page.wait_for_timeout(300)
    assert seen.pwned() is None and colour != "rgb(255, 0, 0)"
    assert not [url for url in seen.asked if "evil" in url], seen.asked
    seen.page.close()
    without = tmp_path / "without.html"  # the same without the policy: else this test could not fail
    head, _, rest = changed.read_text("utf-8").partition("<meta http-equiv")
    without.write_text(head + rest.partition(">")[2], encoding="utf-8")
    seen = Watched(browser)
    seen.page.goto(without.as_uri())
    seen.page.wait_for_timeout(300)
    assert seen.pwned() is not None and [url for url in seen.asked if "evil" in url]
    seen.page.close()


@pytest.fixture(scope="module")
def shown_to_the_grader(formgrader):  # noqa: F811
    """The hostile submission on nbgrader's own page; its address, and the server's."""
    import urllib.request

    course, address = formgrader
    hostile(course, "x001")
    main(["grade", "--student", "x001"], course)
    assert grading.read(course, "tiny", "x001").points == 3
    with urllib.request.urlopen(f"{address}/api/submitted_notebooks/tiny/tiny", timeout=60) as reply:
        notebooks = json.load(reply)
    (number,) = [row["id"] for row in notebooks if row["student"] == "x001"]
    return course, address, f"{address}/submissions/{number}/"


def test_the_page_of_the_person_who_grades(shown_to_the_grader, browser):
    """Nothing of a student acts there, nothing comes from elsewhere; nbgrader's own scripts work."""
    course, address, url = shown_to_the_grader
    seen = Watched(browser)
    seen.page.goto(url, wait_until="networkidle")
    assert seen.told == [] and seen.pwned() is None
    server = address.removesuffix("/formgrader")
    assert [asked for asked in seen.asked if not asked.startswith((server, "data:"))] == []
    work = BeautifulSoup(seen.page.content(), "html.parser").find(id="notebook-container")
    for own in work.find_all(
        ["input", "button", "textarea"], class_=["score", "extra-credit", "btn", "comment"]
    ):
        own.extract()
    for panel in work.find_all(style=True):
        assert panel["style"] in ("margin-left: 1em;",) or "display" in panel["style"], panel
        del panel["style"]
    assert acts(work) == []
    assert (
        not work.find_all(class_="nbgrader_cell", style=True)
        and len(work.find_all(class_="nbgrader_cell")) == 5
    )
    assert work.find("math") and work.find("strong", string="bold")
    assert seen.page.locator(".report.failed").first.is_visible()

    seen.page.fill("#reflection", "1")
    with seen.page.expect_response(lambda reply: "/api/grade/" in reply.url):
        seen.page.locator("#reflection").blur()
    seen.page.fill("#reflection-comment", "<script>pwned = 60</script> fine")
    with seen.page.expect_response(lambda reply: "/api/comment/" in reply.url):
        seen.page.locator("#reflection-comment").blur()
    held = gradebook.scores(course, "tiny", "x001")
    assert [row[2] for row in held if row[0] == "reflection" and row[2] is not None] == [1]
    seen.page.reload(wait_until="networkidle")
    assert seen.page.input_value("#reflection-comment") == "<script>pwned = 60</script> fine"
    shown = seen.page.locator("a.name-shown")
    assert not shown.is_visible()
    seen.page.click("span.glyphicon.name-hidden")
    assert shown.is_visible()
    assert seen.told == [] and seen.pwned() is None
    seen.page.close()


def test_the_policy_holds_there_too(shown_to_the_grader, browser):
    _, _, url = shown_to_the_grader
    seen = Watched(browser)

    def inject(route):
        reply = route.fetch()
        body = reply.text().replace('id="notebook-container">', f'id="notebook-container">{INJECTED}')
        assert INJECTED in body
        route.fulfill(response=reply, body=body)

    seen.page.route(url, inject)
    seen.page.goto(url, wait_until="networkidle")
    seen.page.click("#act")
    seen.page.evaluate("document.querySelector('#send').submit()")
    seen.page.wait_for_timeout(300)
    assert seen.pwned() is None and seen.page.url == url
    assert not [asked for asked in seen.asked if "evil" in asked]
    assert any("Content Security Policy" in told for told in seen.told)
    seen.page.close()


@pytest.mark.parametrize("line", [line for line in VECTORS.splitlines() if line.strip()])
def test_no_vector_survives_alone(line):
    assert acts(BeautifulSoup(pages.markdown(line), "html.parser")) == []


def test_markdown_keeps_what_a_student_means():
    soup = BeautifulSoup(pages.markdown(VECTORS), "html.parser")
    assert soup.find("a", href="https://example.org/?a=b&c=d", rel=["noopener", "noreferrer", "nofollow"])
    assert (
        soup.find("td", align="right")
        and soup.find("mfrac")
        and "a<b" in soup.find_all("math")[-2].get_text()
    )
    assert "(picture not shown here: remote)" in soup.get_text() and "\u27eaU+202E\u27eb" in soup.get_text()
    own = BeautifulSoup(
        pages.markdown(f"![a curve](data:image/png;base64,{picture(extra=TEXT_PART)})"), "html.parser"
    )
    assert own.img["alt"] == "a curve" and own.img["src"] == f"data:image/png;base64,{picture()}"
    assert "<code>$\\unknown{x}$</code>" in pages.markdown("so $\\unknown{x}$")
    assert pages.markdown("# One").strip() == "<h2>One</h2>"


PIECES = r"""
< > " ' & ; / = ! -- [ ] ( ) * _ ` ``` $ $$ \ | # - : @ ^ { } \begin{a} \end{a} \text{ \frac <b <img <p
<a href= title=" <script> </script> src=x onerror=pwned <!-- --> <![CDATA[ ]]> <math> <svg> <style> </style>
javascript: &#x3c; &lt; data:image/png;base64, http:// attachment:a ![ ]( a 1 <textarea> <title> <xmp>
<plaintext> <noscript> <table> <td
"""
LOOK = """texts => texts.map(text => {
  const page = new DOMParser().parseFromString(text, 'text/html');
  return [...page.querySelectorAll('*')].flatMap(tag => [tag.localName, ...tag.getAttributeNames()]);
})"""


def test_no_mixture_of_pieces_acts_or_breaks(browser):
    """Also as a browser reads it, which is not always as a parser in Python does."""
    chance = random.Random(7)
    pieces = [*PIECES.split(), " ", "\n", "\n\n", "\t", "\u202e", "\x00", "\ud800"]
    texts = ["".join(chance.choices(pieces, k=chance.randint(1, 40))) for _ in range(1500)]
    shown = [pages.markdown(text) for text in texts]
    for text, page in zip(texts, shown, strict=True):
        assert acts(BeautifulSoup(page, "html.parser")) == [], text
    seen = Watched(browser)
    found = {name for names in seen.page.evaluate(LOOK, shown) for name in names}
    allowed = {*pages.TAGS.split(), *formulas.KEPT, *formulas.VALUES, "html", "head", "body"}
    allowed |= {"href", "rel", "src", "alt", "loading", "title", "class", "align"}
    assert found - allowed == set()
    seen.page.close()


@pytest.mark.parametrize(
    "text", ["[" * 19000, ">" * 19000, "*a " * 6000, "`a``" * 4000, "- " * 9000, "$a" * 9000]
)
def test_odd_texts_take_no_time(text):
    begun = time.monotonic()
    assert pages.markdown(text)
    assert time.monotonic() - begun < 3


def test_formulas_hold_only_what_draws():
    found = formulas.tree(
        r"\text{<b onclick=x>} \href{javascript:1}{\class{score}{y}} \color{red}{z}", block=False
    )
    assert {name for element in found.iter() for name in element.attrib} == {"display"}
    assert formulas.tree(r"\frac{1}{", False) is None and formulas.tree("{" * 900, False) is None
    assert formulas.tree(r"\def\a{b}\a", False) is None and formulas.tree("x" * 2000, False) is None


@pytest.mark.parametrize(
    "bad",
    [
        picture(60000, 60000),
        picture(8000, 8000),
        picture(0, 5),
        picture(colour=9),
        base64.b64encode(outputs.PNG).decode(),
        base64.b64encode(outputs.PNG + b"x" * 40).decode(),
        base64.b64encode(base64.b64decode(picture())[:-5]).decode(),
        base64.b64encode(base64.b64decode(picture()).replace(b"IDAT", b"IDAX")).decode(),
        base64.b64encode(b"GIF89a").decode(),
        "<script>",
        7,
        "A" * 700_000,
    ],
)
def test_what_is_no_picture_is_not_shown(bad):
    assert outputs.png(bad) is None
    (shown,) = outputs.checked([{"kind": "picture", "png": bad}])
    assert shown["text"] == "(a picture that cannot be shown)\n"


def test_a_picture_comes_through_without_what_is_not_drawn():
    made = BytesIO()
    Image.new("P", (640, 480), 3).save(made, "PNG", pnginfo=None, transparency=0, dpi=(100, 100))
    kept = outputs.png(base64.encodebytes(made.getvalue()).decode())
    seen = Image.open(BytesIO(base64.b64decode(kept)))
    seen.load()
    assert seen.size == (640, 480) and "dpi" not in seen.info and seen.info["transparency"] is not None
    assert outputs.png(picture(extra=TEXT_PART)) == picture()
    trailing = base64.b64decode(picture()) + b"<script>"
    assert outputs.png(base64.b64encode(trailing).decode()) == picture()


def test_text_is_as_a_terminal_leaves_it():
    (shown,) = outputs.checked(
        [
            {
                "kind": "stream",
                "name": "stdout",
                "text": "\x1b[1;31mred\x1b[0m\x1b]0;t\x07 \u202eabc\x00\n10%\r99%\r\n" + "x" * 5000,
            }
        ]
    )
    first, second, third = shown["text"].split("\n")
    assert first == "red \u27eaU+202E\u27ebabc\u27eaU+0000\u27eb" and second == "99%"
    assert third == "x" * outputs.LINE + " ... (3000 more characters)"
    assert outputs.visible("日本語 é \U0001f600 \u0645\t\n") == "日本語 é \U0001f600 \u0645\t\n"


def task_of(*messages):
    tests = [TestVerdict(f"t{n}", f"test {n}", 1, words is None, words) for n, words in enumerate(messages)]
    return TaskVerdict("task", "Title", tests)


def test_a_reason_is_told_once():
    same, other = report.words(Mistake("the same")), report.words(Mistake("another"))
    for shown in (
        report.text(task_of(same, same, None, same, other)),
        report.as_html(task_of(same, same, None, same, other)),
    ):
        assert shown.lower().count("the same") == 1 and shown.count(report.AGAIN) == 2
        assert shown.lower().count("another") == 1


def test_an_unwritten_helper_is_named():
    direct = StudentFault("raised", "train", exception="NotImplementedError", where="line 9 of train")
    assert report.words(direct)["what"] == "`train` is not written yet"
    through = StudentFault("raised", "train", exception="NotImplementedError", where="line 2 of set_mode")
    assert report.words(through)["what"] == "`train` uses `set_mode`, which is not written yet"
    assert "`set_mode`" in report.words(through)["tries"]
    forged = StudentFault("raised", "train", exception="NotImplementedError", where="line 2 of <b>x</b>")
    assert report.words(forged)["what"] == "`train` is not written yet"


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("https://example.org/course", "https://example.org/course/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("", None),
        ("javascript:alert(1)//", None),
        ("//example.org", None),
        ("https://[", None),
        ("https://", None),
    ],
)
def test_only_an_address_is_the_address_of_the_site(monkeypatch, address, site):
    monkeypatch.setenv("TRANSFER_LEARNING_SITE", address)
    assert report.site() == site
    assert ("<a " in report.page_link("a.html#b")) is (site is not None)
    told = report.text(task_of(report.words(Mistake("x", page="a.html"))))
    assert f"Read: {site or ''}a.html" in told
