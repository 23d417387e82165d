"""The suite of the assignment ``freezing``.

``rig.py`` runs beside the student's code, ``judge.py`` computes what is right on the trusted side,
``reading.py`` reads what came back, and each ``test_<task>.py`` is one task.
"""
