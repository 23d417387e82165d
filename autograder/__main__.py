"""The grader's commands: ``python -m autograder COMMAND``."""

import argparse
import sys

from autograder.course import Course


def main(arguments: list[str] | None = None, course: Course | None = None) -> int:
    """Run one command; the exit code. ``course`` is the repository's own when not given."""
    parser = argparse.ArgumentParser(prog="python -m autograder", description=__doc__.split(":")[0] + ".")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "release": "make the student notebooks from the text sources",
        "sample-class": "make the sample class's submissions",
    }
    for name, words in helps.items():
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("assignment", nargs="*", help="names of assignments; all when none is given")
        if name == "release":
            command.add_argument(
                "--check", action="store_true", help="only say whether exercises/ is up to date"
            )
    options = parser.parse_args(arguments)
    course = course or Course.here()
    return COMMANDS[options.command](course, options)


def _assignments(course, options):
    return options.assignment or course.assignments()


def _release(course, options):
    from autograder import release

    try:
        if options.check:
            problems = [release.drift(course, name) for name in _assignments(course, options)]
            for problem in filter(None, problems):
                print(problem, file=sys.stderr)
            return 1 if any(problems) else 0
        for name in _assignments(course, options):
            done = release.release(course, name)
            print(f"{name}: {'released to' if done.changed else 'nothing changed;'} {done.notebook}")
    except release.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _sample_class(course, options):
    from autograder import release, sample_class

    try:
        for name in _assignments(course, options):
            variants = sample_class.load_variants(course, name)
            changed = sample_class.make(course, name)
            print(
                f"{name}: {len(variants)} submissions in {course.root / 'submitted'}, {changed} of them new or changed"
            )
    except release.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


COMMANDS = {"release": _release, "sample-class": _sample_class}

if __name__ == "__main__":
    sys.exit(main())
