"""sitecustomize.py: puts hpystate in place of hpy.universal in every process of the suite."""

import hpystate

hpystate.install()
