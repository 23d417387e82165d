"""Plain ``nbgrader autograde`` in the arena, inside a disposable container, because attacks work there.

The container is a bubblewrap with namespaces of its own and a read-only system. The course is copied into
its memory, one or more submissions and an honest neighbour are graded with nbgrader's default configuration,
and everything is thrown away. The check cells are what an instructor usually writes: hidden asserts in the
notebook's own process, about the same behaviour as our suite.

Run with ``inside`` as its argument, this file is what runs in the container.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import arena as arenas
from arena import HERE, Arena, Watch
from corpus import ATTACKS, TWINS
from corpus.build import name_of
from corpus.model import ASSIGNMENT, FULL, Attack, Twin
from measure import Outcome

ROOT = Path("/arena")
TEMPLATE = Path("/template")
SECONDS = 240.0
"""For one attack and its neighbour, all rounds included. Plain nbgrader needs about 15."""
SPACE = 800 * 1024**2
MEMORY = 10 * 1024**3
"""Address space of each process in the container: some attacks make nbgrader itself read without end."""
OUTPUTS = frozenset({"autograded", "feedback", "gradebook.db", "grades.csv", "gradebook.db-journal"})
SYSTEM = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/etc/passwd",
    "/etc/nsswitch.conf",
    "/sys/devices",
)

CHECKS = {
    "freeze_backbone": """
torch.manual_seed(11)
model = small_classifier(classes=3).eval()
before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
model = freeze_backbone(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, weight_decay=0.01)
for _ in range(3):
    optimizer.zero_grad()
    F.cross_entropy(model(torch.randn(12, 3, 8, 8)), torch.arange(12) % 3).backward()
    optimizer.step()
for name, tensor in model.state_dict().items():
    assert torch.equal(tensor, before[name]) == name.startswith("backbone"), name
""",
    "replace_head": """
torch.manual_seed(12)
model = small_classifier(classes=3, feature_dim=20)
before = copy.deepcopy(model)
model = replace_head(model, 5)
assert isinstance(model.head, nn.Linear)
assert (model.head.in_features, model.head.out_features) == (20, 5)
assert model.eval()(torch.randn(2, 3, 8, 8)).shape == (2, 5)
for name, tensor in model.backbone.state_dict().items():
    assert torch.equal(tensor, before.backbone.state_dict()[name]), name
""",
    "make_optimizer": """
torch.manual_seed(13)
model = small_classifier(classes=3)
for parameter in model.backbone.parameters():
    parameter.requires_grad = False
before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
optimizer = make_optimizer(model, 0.05)
assert optimizer.param_groups[0]["lr"] == 0.05
for parameter in model.parameters():
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
for name, parameter in model.named_parameters():
    assert torch.equal(parameter, before[name]) == name.startswith("backbone"), name
""",
    "set_train_mode": """
torch.manual_seed(14)
model = set_train_mode(small_classifier(classes=3, dropout=0.5).eval())
before = {name: tensor.clone() for name, tensor in model.backbone.state_dict().items()}
inputs = torch.randn(8, 3, 8, 8)
assert not torch.equal(model(inputs), model(inputs))
for name, tensor in model.backbone.state_dict().items():
    assert torch.equal(tensor, before[name]), name
""",
    "train_one_epoch": """
torch.manual_seed(15)
model = small_classifier(classes=3)
for parameter in model.backbone.parameters():
    parameter.requires_grad = False
loader = DataLoader(TensorDataset(torch.randn(9, 3, 8, 8), torch.arange(9) % 3), batch_size=4)
reference = copy.deepcopy(model)
reference.backbone.eval()
optimizer, losses = torch.optim.SGD(reference.head.parameters(), lr=0.5), []
for inputs, targets in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(reference(inputs), targets)
    loss.backward()
    optimizer.step()
    losses.append(loss.item() * len(targets))
expected_loss = sum(losses) / 9
loss = train_one_epoch(model, loader, torch.optim.SGD(model.head.parameters(), lr=0.5))
assert abs(loss - expected_loss) < 1e-4
assert torch.allclose(model.head.weight, reference.head.weight, atol=1e-5)
assert torch.equal(model.backbone.layers[1].running_mean, reference.backbone.layers[1].running_mean)
""",
    "precompute_features": """
torch.manual_seed(16)
model = small_classifier(classes=3)
loader = DataLoader(TensorDataset(torch.randn(11, 3, 8, 8), torch.arange(11)), batch_size=4)
reference = copy.deepcopy(model).eval()
with torch.no_grad():
    expected_features = torch.cat([reference.backbone(inputs) for inputs, _ in loader])
expected_labels = torch.arange(11)
features, labels = precompute_features(model, loader)
assert not features.requires_grad
assert torch.allclose(features, expected_features, atol=1e-5)
assert torch.equal(labels, expected_labels)
for name, tensor in model.state_dict().items():
    assert torch.equal(tensor, reference.state_dict()[name]), name
""",
}


def source(secrets: dict[str, str]):
    """The instructor's notebook: our assignment's, with plain check cells, without demo cells."""
    from autograder.course import Course
    from autograder.release import load_source

    notebook = load_source(Course.here(), ASSIGNMENT)
    notebook.cells = [cell for cell in notebook.cells if "demo" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        name = name_of(cell)
        if name == "set-up":
            lines = cell.source.splitlines()
            kept = [line for line in lines if "autograder" not in line and not line.startswith("check =")]
            cell.source = "\n".join(kept)
        elif name in FULL:
            hidden = f"### BEGIN HIDDEN TESTS\n{CHECKS[name].strip()}\n### END HIDDEN TESTS"
            cell.source = f"assert callable({name})\n{hidden}"
        elif name and name.endswith("-solution"):
            cell.source = cell.source.replace(
                "### END SOLUTION", f"# {secrets['solution']}\n    ### END SOLUTION"
            )
    return notebook


def prepare(root: Path) -> Arena:
    """A course that plain nbgrader released, with all secrets planted, in which one student was graded."""
    import nbformat

    from autograder.course import Course
    from autograder.sample_class import _solutions

    secrets = arenas.new_secrets()
    arenas.plant(root, secrets)
    folder = root / "course" / "source" / ASSIGNMENT
    folder.mkdir(parents=True)
    nbformat.write(source(secrets), folder / f"{ASSIGNMENT}.ipynb")
    (root / "course" / "secret_seed").write_text(secrets["seed"])
    arena = Arena(root, secrets, _solutions(Course.here(), ASSIGNMENT))
    found = _contained(arena, ["--bind", str(root), str(ROOT)], {"prepare": True}, SECONDS)
    if "problem" in found:
        raise RuntimeError(f"plain nbgrader could not be prepared: {found['problem']}")
    return arena


def run_class(arena: Arena, cases: list[Attack | Twin], seconds: float) -> tuple[dict[str, Outcome], Outcome]:
    """Grade these cases and a neighbour in a container: the outcome of each, and of the class."""
    begun = time.monotonic()
    names = [case.student_id for case in cases]
    mounts = ["--size", str(SPACE), "--tmpfs", str(ROOT), "--ro-bind", str(arena.root), str(TEMPLATE)]
    found = _contained(arena, mounts, {"cases": names}, seconds)
    if "problem" in found:
        whole = Outcome(hurt=[found["problem"], "the neighbour was not graded"])
        own = {name: Outcome(verdict="no verdict") for name in names}
    else:
        whole = Outcome(**found["whole"])
        own = {name: Outcome(**found["own"][name]) for name in names}
    whole.seconds = round(time.monotonic() - begun, 1)
    return own, whole


def run_one(arena: Arena, case: Attack | Twin) -> Outcome:
    """What plain nbgrader makes of one case and an honest neighbour."""
    own, whole = run_class(arena, [case], SECONDS)
    return own[case.student_id].with_class(whole)


def _contained(arena, mounts, task, seconds):
    """Run this file in a container: what it found, or the problem why it found nothing."""
    task = {**task, "secrets": arena.secrets, "answers": arena.answers}
    with subprocess.Popen(
        [*_bubblewrap(arena), *mounts, *_python()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            said, errors = process.communicate(json.dumps(task).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()  # the first process of the namespace: all others end with it
            return {"problem": f"the grader did not come to an end in {seconds:g} s and was killed"}
    lines = said.decode("utf-8", "replace").splitlines()
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        told = errors.decode("utf-8", "replace").strip().splitlines()
        return {"problem": f"the grader was ended: {told[-1][:200] if told else 'it said nothing'}"}


def _bubblewrap(arena):
    line = [
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    line += ["--uid", "1000", "--gid", "1000", "--hostname", "plain", "--clearenv"]
    environment = {
        "HOME": str(ROOT / "home"),
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "teacher",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/library",
        arenas.VARIABLE: arena.secrets["environment"],
    }
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # without them numpy is wrong on some machines
        if name in os.environ:
            environment[name] = os.environ[name]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    line += [
        "--ro-bind",
        "/usr",
        "/usr",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        str(SPACE // 2),
        "--tmpfs",
        "/tmp",
    ]
    for name in ("bin", "sbin", "lib", "lib64"):
        path = Path("/") / name
        line += (
            ["--symlink", str(path.readlink()), str(path)]
            if path.is_symlink()
            else ["--ro-bind-try", str(path), str(path)]
        )
    pythons = {
        str(path) for prefix in (sys.prefix, sys.base_prefix) for path in (prefix, Path(prefix).resolve())
    }
    for path in (*SYSTEM, *sorted(pythons - {"/usr"})):
        line += ["--ro-bind-try", path, path]
    library = HERE.parents[1] / "transfer_learning"
    return [
        *line,
        "--ro-bind",
        str(library),
        "/library/transfer_learning",
        "--ro-bind",
        str(HERE),
        "/attacks",
    ]


def _python():
    return ["--chdir", "/", "--", sys.executable, "-B", "/attacks/stock.py", "inside"]


def inside() -> None:
    """What runs in the container: reads its task from standard input, writes what it found as one line."""
    task = json.loads(sys.stdin.read())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        os.set_inheritable(answer.fileno(), False)
        arena = Arena(ROOT, task["secrets"], task["answers"])
        print(json.dumps(_prepare(arena) if task.get("prepare") else _run(arena, task["cases"])), file=answer)


def _prepare(arena):
    _nbgrader(arena, "generate_assignment", ASSIGNMENT)
    arenas.plant_in_gradebook(arena)
    arenas.hand_in_veteran(arena)
    _nbgrader(arena, "autograde", ASSIGNMENT)
    _nbgrader(arena, "generate_feedback", ASSIGNMENT)
    _nbgrader(arena, "export")
    points = arenas.measure.scores(arena.database).get(arenas.VETERAN)
    return {} if points == FULL else {"problem": f"an honest submission got {points}"}


def _run(template, names):
    shutil.copytree(TEMPLATE, ROOT, symlinks=True, dirs_exist_ok=True)
    known = {case.student_id: case for case in (*ATTACKS, *TWINS)}
    cases = [known[name] for name in names]
    listener, port = arenas.start_listener(Path("/tmp/.heard"))
    arena = Arena(ROOT, template.secrets, template.answers, port, Path("/tmp/.heard"))
    bystander = subprocess.Popen(["sleep", "3600"])
    for case in cases:
        arenas.hand_in_case(arena, case)
    arenas.hand_in_neighbour(arena)
    watch = Watch.start(arena, OUTPUTS)
    printed, pages = "", {case.student_id: () for case in cases}
    for number in range(max(getattr(case, "rounds", 1) for case in cases)):
        again = [case for case in cases if number and number < getattr(case, "rounds", 1)]
        for case in again:
            pages[case.student_id] += (arena.page_of(case.student_id),)
            arenas.hand_in_case(arena, case, pages[case.student_id])
            watch.files = watch._files(arena, watch.outputs)
            printed += _nbgrader(arena, "autograde", ASSIGNMENT, "--force", f"--student={case.student_id}")
        if not number:
            printed += _nbgrader(arena, "autograde", ASSIGNMENT)
        printed += _nbgrader(arena, "generate_feedback", ASSIGNMENT, "--force")
    printed += _nbgrader(arena, "export")
    left = _others({os.getpid(), 1, listener.pid, bystander.pid})
    if left:
        time.sleep(2)  # time to act
    whole = watch.whole(printed)
    whole.hurt += [f"{len(left)} processes were left behind"] if left else []
    whole.hurt += ["another process was ended"] if bystander.poll() is not None else []
    own = {}
    for name in names:
        own[name] = outcome = watch.own(name)
        outcome.verdict = (
            "not graded" if outcome.points is None else f"{sum(outcome.points.values()):g} of 15"
        )
    return {"own": {name: outcome.as_dict() for name, outcome in own.items()}, "whole": whole.as_dict()}


def _nbgrader(arena, *arguments):
    """Run nbgrader as it comes; what it printed."""
    done = subprocess.run(
        ["nbgrader", *arguments],
        cwd=arena.course,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode("utf-8", "replace")


def _others(known):
    """Processes of the container that are still there and that nobody here started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state = (path / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if int(path.name) not in known and state != "Z":
            found.append(int(path.name))
    return found


if __name__ == "__main__" and sys.argv[1:] == ["inside"]:
    inside()
