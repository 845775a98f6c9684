# make demo               pre-train on a rendered set and show what was learned
# make demo VIDEOS=DIR    the same on a folder of your own
# make test               the test suite and the linter
# make test-slow          the tests that take minutes
# make docs               the figures of the documents and the site
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEEDS ?= 0
PINS := -c constraints.txt

.PHONY: demo test test-slow docs clean

$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PINS) -e '.[lite,tools,collection,serve,test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/python tools/demo.py --seeds $(SEEDS) $(if $(VIDEOS),--videos '$(VIDEOS)')

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q

test-slow: $(VENV)/installed
	$(BIN)/python -m pytest -q tests/slow

docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet $(PINS) -e '.[docs]'
	$(BIN)/python docs/fragments.py
	$(BIN)/python -m sphinx -E -q -W --keep-going docs docs/_build/html

clean:
	rm -rf $(VENV) build docs/_build *.egg-info
