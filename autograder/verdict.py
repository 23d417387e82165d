"""What the tests found: plain data that goes into the ledger as text and comes back."""

from dataclasses import dataclass, field


@dataclass
class TestVerdict:
    """One test. ``message`` is None when it passed, else words by name: what, expected, came, why, tries,
    page."""

    __test__ = False  # pytest should not collect this class

    name: str
    description: str
    max_points: float
    passed: bool
    message: dict[str, str | None] | None = None

    @property
    def points(self) -> float:
        return self.max_points if self.passed else 0.0


@dataclass
class TaskVerdict:
    """All tests of one task, which is one check cell and one suite file."""

    task: str
    title: str
    tests: list[TestVerdict] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(test.points for test in self.tests)

    @property
    def max_points(self) -> float:
        return sum(test.max_points for test in self.tests)

    @property
    def passed(self) -> bool:
        return all(test.passed for test in self.tests)

    @classmethod
    def from_dict(cls, data: dict) -> "TaskVerdict":
        return cls(data["task"], data["title"], [TestVerdict(**test) for test in data["tests"]])
