"""Find verdicts with several processes at once.

The processes are forks of this one, after it has imported everything and started the sandbox; each gets a
server of its own in that sandbox, forked there in the same way. They only find verdicts: this process alone
writes the ledger and the gradebook. A process that dies takes down one submission at most.
"""

import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from autograder.course import Course
from autograder.faults import MESSAGE, InfrastructureFault, SuiteFault
from autograder.grading import Grader, Verdict

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Found:
    """A student's verdict with what the cells showed, or the grader's fault that there is none."""

    student: str
    verdict: Verdict | None = None
    shown: dict[str, list] = field(default_factory=dict)
    fault: str | None = None


def advised_workers() -> int:
    """One for each core that this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Finds the verdicts on an assignment's submissions. A context manager: it holds a sandbox.

    Args:
        workers: how many processes; one means this very process.
    """

    def __init__(self, course: Course, assignment: str, workers: int) -> None:
        self.course = course
        self.assignment = assignment
        # A fork of a process with several threads may hang: then this process does the work.
        self.workers = workers if threading.active_count() == 1 else 1
        self._grader = Grader(course)
        self._executor = None

    def __enter__(self) -> "Pool":
        self._grader.launch()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> None:
        """Start and probe the sandbox, and the processes. No thread may run yet.

        Raises:
            InfrastructureFault: the sandbox cannot start, or does not hold.
        """
        forks = self._grader.start(self.assignment)
        if self.workers > 1:
            self._executor = self._processes([forks.clone() for _ in range(self.workers)])

    def _processes(self, servers):
        context = multiprocessing.get_context("fork")
        places = context.SimpleQueue()
        for place in range(len(servers)):
            places.put(place)
        executor = ProcessPoolExecutor(
            len(servers), context, initializer=_begin, initargs=(os.getpid(), self.course, servers, places)
        )
        executor.submit(os.getpid).result()  # all processes are forked with the first task
        for server in servers:
            server.close()
        return executor

    def close(self) -> None:
        """End the processes, whatever they are doing, and the sandbox."""
        if self._executor is not None:
            for process in multiprocessing.active_children():
                process.kill()
            self._executor.shutdown(cancel_futures=True)
            self._executor = None
        self._grader.close()

    def find(self, due: dict[str, dict[str, str]]) -> Iterator[Found]:
        """The verdict with each student's receipt, as they are found.

        A fault of the grader is that submission's alone.
        """
        if self._executor is None:
            for student, receipt in due.items():
                yield _find(self._grader, self.assignment, student, receipt)
            return
        waiting = {
            self._executor.submit(_find_here, self.assignment, student, receipt): student
            for student, receipt in due.items()
        }
        lost = {}
        for future in as_completed(waiting):
            try:
                yield future.result()
            except BrokenProcessPool:
                lost[waiting[future]] = due[waiting[future]]
        if lost:
            yield from self._one_by_one(lost)

    def _one_by_one(self, due):
        """After a process died: which submission it was is not known, so each gets a process of its own."""
        self._executor.shutdown()
        forks = self._grader.start(self.assignment)
        for student, receipt in due.items():
            self._executor = self._processes([forks.clone()])
            try:
                yield self._executor.submit(_find_here, self.assignment, student, receipt).result()
            except BrokenProcessPool:
                yield Found(student, fault="the grader's own process died while it graded this submission")
            self._executor.shutdown()


_grader: Grader | None = None


def _begin(parent, course, servers, places):
    """In a fresh process: die with the parent, leave Ctrl-C to it, take one server and close the others."""
    global _grader
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = places.get()
    for number, server in enumerate(servers):
        if number != place:
            server.close()
    _grader = Grader(course, servers[place])


def _find_here(assignment, student, receipt):
    return _find(_grader, assignment, student, receipt)


def _find(grader, assignment, student, receipt):
    try:
        return Found(student, *grader.find(assignment, student, receipt))
    except SuiteFault as fault:
        return Found(student, fault=f"the suite is at fault, not the student: {fault}")
    except InfrastructureFault as fault:
        return Found(student, fault=str(fault))
    except Exception as error:  # whatever a submission makes us trip over, it is that submission's alone
        return Found(student, fault=f"the grader met something unforeseen: {error!r}"[:MESSAGE])
