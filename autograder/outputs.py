"""A notebook's outputs from what a submission's process said its cells showed: only text and PNG pictures.

No HTML, SVG, JavaScript or Markdown of a student reaches the instructor's pages.
"""

import base64
import binascii

from autograder import limits

PNG = b"\x89PNG\r\n\x1a\n"
MOST = 200


def checked(shown: list) -> list[dict]:
    """nbformat outputs. What does not fit the form is left out."""
    outputs = [_output(item) for item in shown[:MOST] if isinstance(item, dict)]
    return [output for output in outputs if output is not None]


def _output(item):
    kind = item.get("kind")
    if kind == "stream" and item.get("name") in ("stdout", "stderr"):
        return stream(item.get("text"), item["name"])
    if kind == "text":
        data = {"data": {"text/plain": _text(item.get("text"))}, "metadata": {}}
        if item.get("result") is True:
            return {"output_type": "execute_result", "execution_count": None, **data}
        return {"output_type": "display_data", **data}
    if kind == "picture" and _is_png(item.get("png")):
        return {"output_type": "display_data", "data": {"image/png": item["png"]}, "metadata": {}}
    if kind == "error":
        lines = _text(item.get("traceback")).split("\n")
        return error(_text(item.get("name"))[:100], _text(item.get("message")), lines)
    return None


def stream(text, name: str = "stdout") -> dict:
    """Printed text."""
    return {"output_type": "stream", "name": name, "text": _text(text)}


def error(name: str, message: str, traceback: list[str] | None = None) -> dict:
    """An exception, or a fault told in the form of one."""
    return {
        "output_type": "error",
        "ename": name,
        "evalue": message,
        "traceback": traceback or [f"{name}: {message}"],
    }


def _text(value):
    return value[: limits.SANDBOX.cell_text] if isinstance(value, str) else ""


def _is_png(text):
    if not isinstance(text, str) or len(text) > limits.SANDBOX.picture:
        return False
    try:
        return base64.b64decode(text, validate=False).startswith(PNG)
    except (binascii.Error, ValueError):
        return False
