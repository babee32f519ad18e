# Every target sets up what it needs: a virtual environment, filled from the metadata of this repository.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# A comma inside an argument of `call` would end the argument.
comma := ,
# The Android sample's tests want a Java compiler; where the machine has none, it comes from Python packages.
JAVA = $(if $(shell command -v javac),,$(comma)java)
QUIET = TF_CPP_MIN_LOG_LEVEL=3 PYTHONPATH=.

.PHONY: demo test slow lint dist floor legacy bench digits accuracy docs clean

demo: .venv/ready
	$(QUIET) .venv/bin/python examples/digits.py

test: .venv/ready
	$(QUIET) .venv/bin/python -m pytest -n 2

slow: .venv/ready
	$(QUIET) .venv/bin/python -m pytest -m "slow or not slow"

# What pre-commit runs, too (.pre-commit-config.yaml).
lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# Wheel and sdist, checked; the wheel installed into an empty environment and tried from a folder outside of the repository.
dist: .venv-dist/ready
	rm -rf build dist
	.venv-dist/bin/python -m build --quiet
	.venv-dist/bin/python -m twine check --strict dist/*
	.venv-dist/bin/cffconvert --validate
	$(PYTHON) -m venv --clear .venv-wheel
	.venv-wheel/bin/python -I -m pip install --quiet --disable-pip-version-check "$$(ls dist/*.whl)[tflite]"
	TF_CPP_MIN_LOG_LEVEL=3 .venv-wheel/bin/python -I .ci/installed.py

bench: .venv/ready
	$(QUIET) .venv/bin/python -m benchmarks

digits: .venv/ready
	$(QUIET) .venv/bin/python -m benchmarks.digits

accuracy: .venv/ready
	$(QUIET) .venv/bin/python -m benchmarks.accuracy

# The documentation site: diagrams, notebooks executed, pages built strictly into build/site, and what was built checked.
docs: .venv/docs
	$(QUIET) .venv/bin/python -m website.diagrams
	$(QUIET) .venv/bin/python -m website.notebooks
	$(QUIET) NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet
	$(QUIET) .venv/bin/python -m pytest -m site tests/site

# On the older stacks each block of the survey runs the checks that a stack can break; all of them run on the newest.
BLOCKS = tests/blocks/test_harness.py -k "config or keras_file or graph or weights_learn or fresh"

# The oldest TensorFlow with Keras 3 that is supported.
floor: .venv-floor/ready
	$(QUIET) .venv-floor/bin/python -m pytest -n 2 tests/layers/test_harness.py tests/layers/test_xla.py tests/blocks/test_dynet.py \
		tests/surgery/test_fuse.py tests/surgery/test_to_dynamic.py tests/routing tests/training tests/export/test_forms.py \
		tests/export/test_quantization.py tests/export/test_batch_norm.py tests/cost
	$(QUIET) .venv-floor/bin/python -m pytest -n 2 $(BLOCKS)

# The last TensorFlow that TensorFlow Addons knows, with Keras 2.15.
legacy: .venv-legacy/ready
	$(QUIET) .venv-legacy/bin/python -m pytest -n 2 tests/legacy tests/layers/test_harness.py tests/layers/test_layer_errors.py \
		tests/layers/test_xla.py tests/blocks/test_dynet.py tests/surgery/test_fuse.py tests/surgery/test_to_dynamic.py \
		tests/routing tests/training tests/cost
	$(QUIET) .venv-legacy/bin/python -m pytest -n 2 $(BLOCKS)

define environment
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { echo "$(PYTHON) has no venv module: install the package python3-venv (Debian, Ubuntu: apt install python3.11-venv)."; exit 1; }
	$(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
	touch $(1)/ready
endef

.venv/ready: setup.cfg pyproject.toml
	$(call environment,.venv,-e ".[dev$(comma)tflite$(comma)plot$(comma)tpu$(JAVA)]")

.venv/docs: .venv/ready
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	touch .venv/docs

.venv-floor/ready: setup.cfg pyproject.toml
	$(call environment,.venv-floor,-e ".[test]" "tensorflow==2.16.2")

.venv-legacy/ready: setup.cfg pyproject.toml
	$(call environment,.venv-legacy,-e ".[addons$(comma)test]")

.venv-dist/ready: Makefile
	$(call environment,.venv-dist,build cffconvert twine)

clean:
	rm -rf .venv .venv-dist .venv-floor .venv-legacy .venv-wheel build dist *.egg-info demo-output
