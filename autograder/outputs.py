"""A notebook's outputs from what a submission's process said its cells showed: only text and PNG pictures.

No HTML, SVG, JavaScript or Markdown of a student reaches the instructor's pages. Text comes without what
steers a terminal or turns a line around. A picture is not decoded here, because a decoder would meet a
student's bytes in the trusted process. Its parts are checked and copied, so that no browser is made to unfold
a small file into a huge picture.
"""

import base64
import re
import struct
import zlib

from autograder import limits

MOST = 200
LINE = 2000
"""Characters of one line that are kept: a longer one is data, which nobody reads."""
PIXELS = 8_000_000
SIDE = 8000
"""A picture may have this many pixels, and this many on a side."""

TEXTS = ("text", "message", "traceback")

PNG = b"\x89PNG\r\n\x1a\n"
PARTS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""What a picture consists of. Texts, colour profiles and animations are left out."""
COLOURS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but not tabs and line ends
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # nothing to see, or the line turned around
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def checked(shown: list) -> list[dict]:
    """nbformat outputs. What does not fit the form is left out, and so is what comes after too much text."""
    outputs = []
    text = limits.SANDBOX.cell_text + limits.SANDBOX.cell_error
    for item in shown[:MOST]:
        if not isinstance(item, dict):
            continue
        text -= sum(len(item[name]) for name in TEXTS if isinstance(item.get(name), str))
        if text < 0:
            break
        outputs.append(_output(item))
    return [output for output in outputs if output is not None]


def size(outputs: list[dict]) -> int:
    """How many characters outputs hold, roughly."""
    return sum(len(str(output)) for output in outputs)


def _output(item):
    kind = item.get("kind")
    if kind == "stream" and item.get("name") in ("stdout", "stderr"):
        return stream(item.get("text"), item["name"])
    if kind == "text":
        data = {"data": {"text/plain": plain(item.get("text"))}, "metadata": {}}
        if item.get("result") is True:
            return {"output_type": "execute_result", "execution_count": None, **data}
        return {"output_type": "display_data", **data}
    if kind == "picture":
        picture = png(item.get("png"))
        if picture is None:
            return stream("(a picture that cannot be shown)\n")
        return {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}
    if kind == "error":
        lines = plain(item.get("traceback")).split("\n")
        return error(plain(item.get("name"))[:100], plain(item.get("message")), lines)
    return None


def stream(text, name: str = "stdout") -> dict:
    """Printed text."""
    return {"output_type": "stream", "name": name, "text": plain(text)}


def error(name: str, message: str, traceback: list[str] | None = None) -> dict:
    """An exception, or a fault told in the form of one."""
    return {
        "output_type": "error",
        "ename": name,
        "evalue": message,
        "traceback": traceback or [f"{name}: {message}"],
    }


def visible(text: str) -> str:
    """The text, with a mark in place of each character that would hide or reorder others."""
    return UNSEEN.sub(lambda found: f"\u27eaU+{ord(found[0]):04X}\u27eb", text)


def plain(value: object) -> str:
    """Text as a terminal shows it in the end: no colours, no overwritten line, no endless line."""
    if not isinstance(value, str):
        return ""
    plain = ANSI.sub("", value[: limits.SANDBOX.cell_text])
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n")]
    return visible("\n".join(_short(line) for line in lines))


def _short(line):
    return line if len(line) <= LINE else f"{line[:LINE]} ... ({len(line) - LINE} more characters)"


def png(text: object) -> str | None:
    """A base64 text as that of a plain PNG picture of bounded size; None when it is no such picture."""
    if not isinstance(text, str) or len(text) > limits.SANDBOX.picture:
        return None
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
        kept = b"".join(_parts(content))
    except (ValueError, struct.error):
        return None
    return base64.b64encode(kept).decode()


def _parts(content):
    """The parts of a PNG file that make up the picture; ValueError when it is not one, or is too large."""
    if not content.startswith(PNG):
        raise ValueError("no PNG")
    yield PNG
    at, name, seen = len(PNG), None, set()
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", content, at)
        part = content[at : at + length + 12]
        if len(part) != length + 12 or part[-4:] != zlib.crc32(part[4:-4]).to_bytes(4, "big"):
            raise ValueError("a damaged part")
        if not seen and not _fits(name, part[8:-4]):
            raise ValueError("not a picture that may be shown")
        if (name[:1].isupper() and name not in PARTS) or (name in seen and name != b"IDAT"):
            raise ValueError("a part that does not belong there")
        seen.add(name)
        if name in PARTS:
            yield part
        at += length + 12
    if b"IDAT" not in seen:
        raise ValueError("no pixels")


def _fits(name, header):
    if name != b"IHDR" or len(header) != 13:
        return False
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", header)
    sizes = 0 < width <= SIDE and 0 < height <= SIDE and width * height <= PIXELS
    return sizes and depth in COLOURS.get(colour, ()) and methods[:2] == [0, 0] and methods[2] in (0, 1)
