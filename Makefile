# Makefile: the front door. The work is in tools/; PYTHON=... chooses the interpreter.
.PHONY: help build test test-long test-version demo test-upstream test-pypy doctor-packages suite-packages packages check two-pythons check-without-gil sanitize fuzz format lint bench bench-threads stress matrix fresh bench-pyglobal test-wheel wheels bench-pool bench-service hosts evaluate docs clean
.DEFAULT_GOAL := build
T ?=
ARGS ?=

help:           ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 20

build:          ## set up what is missing and build, for developing: warnings are errors
	@tools/setup.sh build

test:           ## set up, build, run all tests; T=window: those of one topic; ARGS: pytest's
	@tools/setup.sh test "$(T)" $(ARGS)

test-long:      ## the tests that take long, which `make test` leaves out; with T=... it runs those too
	@tools/setup.sh test-long $(ARGS)

test-version:   ## the tests that depend on the Python: enough where another one had `make test`
	@tools/setup.sh test-version $(ARGS)

test-wheel:     ## build a wheel, check it, build extensions with it in every way; ARGS=--quick: less
	@tools/setup.sh test-wheel $(ARGS)

wheels:         ## wheels for all Pythons here, and the source distribution, on bare machines in chroots
	@tools/setup.sh wheels $(ARGS)

demo:           ## set up, build, run the isolation demo; ARGS="--interpreters 4"
	@tools/setup.sh demo $(ARGS)

two-pythons:    ## set up two builds, run a program with two Pythons that import one file
	@tools/setup.sh two-pythons $(ARGS)

bench:          ## set up, build, measure instructions and times beside the peers
	@tools/setup.sh bench $(ARGS)

bench-pyglobal: ## set up, build, measure a static that is per interpreter beside all other ways
	@tools/setup.sh bench-pyglobal $(ARGS)

bench-pool:     ## set up, build, measure the pool beside the standard ones
	@tools/setup.sh bench-pool $(ARGS)

bench-service:  ## set up, build, measure the HTTP service of examples/ on three kinds of workers
	@tools/setup.sh bench-service $(ARGS)

hosts:          ## Apache with mod_wsgi and an HPy extension in three groups; ARGS=--quick: less
	@tools/setup.sh hosts $(ARGS)

evaluate:       ## isolation, memory, calls and programs beside the peers: tables and plots; ARGS="--quick"
	@tools/setup.sh evaluate $(ARGS)

bench-threads:  ## set up, build, measure two threads against one; for a Python without the GIL
	@tools/setup.sh bench-threads $(ARGS)

stress:         ## set up, build, run the stress scenarios; ARGS="--quick" takes two minutes
	@tools/setup.sh stress $(ARGS)

test-upstream:  ## set up, build, run HPy's own suites in three kinds of interpreter
	@tools/setup.sh test-upstream $(ARGS)

test-pypy:      ## set up, build, get PyPy 7.3.19, run one file on all hosts; and PyPy beside CPython
	@tools/setup.sh test-pypy $(ARGS)

doctor-packages: ## install 30 packages, let the doctor examine them, write its results
	@tools/setup.sh doctor-packages $(ARGS)

suite-packages: ## the suites of five packages in four interpreters at once; writes what differed
	@tools/setup.sh suite-packages $(ARGS)

packages:       ## unmodified packages in private images, in eight interpreters; ARGS=--quick: eight
	@tools/setup.sh packages $(ARGS)

check:          ## what `make lint` does, then C++ tests and HPy's suites under sanitizers
	@tools/setup.sh check

check-without-gil: ## the runtime compiles as for no GIL against the headers of a Python that has one
	@tools/setup.sh check-without-gil

sanitize:       ## tests and stress under the interpreter's sanitizer, or ASan; ARGS=--core for some
	@tools/setup.sh sanitize $(ARGS)

fuzz:           ## the fuzzers, a minute each; ARGS="--seconds 600 --target window"
	@tools/setup.sh fuzz $(ARGS)

format:         ## format C, C++ and Python
	@tools/setup.sh format

lint:           ## all checks of .pre-commit-config.yaml, clang-tidy too
	@tools/setup.sh lint

matrix:         ## get every interpreter, build and test on each, print a table
	@tools/setup.sh matrix $(ARGS)

fresh:          ## the two commands on fresh machines, in chroots; ARGS="--only debian-13 --topic window"
	@tools/setup.sh fresh $(ARGS)

docs:           ## the site of the documents, in build/docs/html; a warning is an error
	@tools/setup.sh docs $(ARGS)

clean:          ## remove what was built, not the virtual environments
	rm -rf build
