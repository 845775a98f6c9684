# make demo               pre-train on a rendered set and show what was learned
# make demo VIDEOS=DIR    the same on a folder of your own
# make test               the test suite and the linter
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 0

.PHONY: demo test test-slow clean

$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt \
		-e '.[lite,tools,test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/python tools/demo.py --seed $(SEED) $(if $(VIDEOS),--videos '$(VIDEOS)')

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q

test-slow: $(VENV)/installed
	$(BIN)/python -m pytest -q -o addopts= tests/slow

clean:
	rm -rf $(VENV) build *.egg-info
