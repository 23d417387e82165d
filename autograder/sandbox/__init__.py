"""Where students' code runs at grading: a bubblewrap, in it a warm worker, a process per submission.

grader (trusted)          suite.run, verdicts, ledger, gradebook
  | socket                wire.py: values only; server.py and player.py are the grader's end
bubblewrap                outer.py: no network, read-only, nothing of the course; launch.py: whose it is
  worker                  worker.py: torch and the rest imported once; runs no student's code
    worker                a fork of it for each of the grader's processes
      child per submission  child.py: own pid, ipc and mount namespaces, scratch space, limits;
                            landlock.py: files; syscalls.py: system calls; cores.py: one core
        cells, functions    cells.py and session.py

probe.py tries all of it at each start, with what is in attempts.py.
"""
