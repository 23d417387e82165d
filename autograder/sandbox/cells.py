"""Run a notebook's cells in an IPython shell, without a kernel, and capture what they show.

Outputs leave as plain dictionaries: {"kind": "stream", "name", "text"}, {"kind": "text", "text", "result":
bool}, {"kind": "picture", "png"} and {"kind": "error", "name", "message", "traceback"}. The grader makes a
notebook's outputs of them (outputs.py), after checking them: what comes from here cannot be trusted.
"""

import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder import limits
from autograder.session import ADDRESS, describe_error


class _Captured(list):
    """What a cell showed so far, up to the limits."""

    def __init__(self):
        super().__init__()
        self.begin()

    def begin(self):
        self.clear()
        self.text_left = limits.SANDBOX.cell_text
        self.error_left = limits.SANDBOX.cell_error
        self.pictures_left = limits.SANDBOX.cell_pictures

    def cut(self, text):
        """As much of a text as may still be kept."""
        kept = str(text)[: self.text_left]
        self.text_left -= len(kept)
        return ADDRESS.sub("0x...", kept)

    def cut_error(self, text):
        """As much of an exception's words, which should show even after too much was printed: the end."""
        kept = str(text)[-self.error_left :] if self.error_left else ""
        self.error_left -= len(kept)
        return ADDRESS.sub("0x...", kept)

    def write(self, name, text):
        kept = self.cut(text)
        if not kept:
            return
        if self and self[-1]["kind"] == "stream" and self[-1]["name"] == name:
            self[-1]["text"] += kept
        else:
            self.keep({"kind": "stream", "name": name, "text": kept})

    def show(self, data, result):
        """Keep the picture of a displayed object, or else its text."""
        picture = data.get("image/png")
        if isinstance(picture, str) and len(picture) <= limits.SANDBOX.picture and self.pictures_left > 0:
            self.pictures_left -= 1
            self.keep({"kind": "picture", "png": picture})
        elif "text/plain" in data:
            self.keep({"kind": "text", "text": self.cut(data["text/plain"]), "result": result})

    def keep(self, output):
        if len(self) < limits.SANDBOX.cell_outputs:
            self.append(output)


_captured = _Captured()


class _Stream:
    """Takes the place of sys.stdout or sys.stderr."""

    encoding = "utf-8"

    def __init__(self, name):
        self.name = name

    def write(self, text):
        _captured.write(self.name, text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, **_):
        _captured.show(data, result=False)

    def clear_output(self, wait=False):
        _captured.clear()


class _ResultHook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        _captured.show(format_dict, result=True)

    def finish_displayhook(self):
        pass


class _Shell(InteractiveShell):
    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_ResultHook)

    def enable_gui(self, gui=None):
        pass

    def _showtraceback(self, etype, evalue, stb):
        message = _captured.cut_error(evalue)
        trace = _captured.cut_error("\n".join(stb))
        _captured.append({"kind": "error", "name": etype.__name__, "message": message, "traceback": trace})


class Cells:
    """The notebook of one submission: one namespace, cells run one after the other."""

    def __init__(self) -> None:
        self._shell = self.shell()
        self._count = 0
        sys.stdout, sys.stderr = _Stream("stdout"), _Stream("stderr")

    @staticmethod
    def shell() -> InteractiveShell:
        """The process's one shell. Making it takes a while, so the worker does it before it forks."""
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.xmode = "Context"
        shell = _Shell.instance(config=config)
        shell.enable_matplotlib("inline")
        return shell

    @property
    def namespace(self) -> dict:
        """The notebook's globals."""
        return self._shell.user_ns

    def run(self, source: str) -> dict:
        """Run one cell: its outputs, and the fault when it raised."""
        _captured.begin()
        self._count += 1
        fault = None
        try:
            done = self._shell.run_cell(source, store_history=True)
            error = done.error_before_exec or done.error_in_exec
            if error is not None:
                fault = describe_error(error, self.namespace)
        except BaseException as error:
            fault = describe_error(error, self.namespace)
        return {"outputs": [dict(output) for output in _captured], "fault": fault}
