"""The pytest suites, one folder per assignment and one file per task."""
