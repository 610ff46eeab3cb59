"""sitecustomize.py: puts hpystate in place of hpy.universal in every process of the suite."""

import types

import hpystate

hpystate.install()

import hpy.universal  # noqa: E402

# The suite's conftest imports hpy.debug, which wants this module. There is no debug mode yet, and
# nothing of it is used by the tests that are run; an attribute that is asked for is an error.
hpy.universal._debug = types.ModuleType("hpy.debug._debug")
