"""Where students' code runs at grading: a bubblewrap, in it a warm worker, a process per submission.

grader (trusted)          suite.run, verdicts, gradebook
  | socket                wire.py: values only
bubblewrap                outer.py: no network, read-only, nothing of the course
  worker                  worker.py: torch and the rest imported once; runs no student's code
    child per submission  child.py: own pid, ipc and mount namespaces, scratch space, limits, seccomp
      cells, functions    cells.py and session.py
"""
