"""The suite of the assignment ``embeddings``.

``rig.py`` runs beside the student's code, ``judge.py`` computes what is right on the trusted side,
``reading.py`` reads what came back, and each ``test_<task>.py`` is one task.
"""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"
