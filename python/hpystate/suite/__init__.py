"""__init__.py: a test suite in N interpreters beside main; what `pytest --interpreters` imports.

recorder.py  watches a run of pytest, in main and in every interpreter
parent.py    main's side: starts the process of the interpreters, ends it, reads what it left
child.py     that process: makes the interpreters, and decides which test runs when
guest.py     in an interpreter: runs pytest
compare.py   what differed, as data and as text
"""
