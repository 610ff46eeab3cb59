# tools/sources.sh: sourced; the project's files by kind, as git knows them.
cxx_sources() { git ls-files '*.cpp' '*.h' '*.hpp' '*.c' | grep -v '^tests/abi/layout_'; }
runtime_units() { python tools/rooms.py --folders | sed 's/$/\/*.cpp/' | xargs git ls-files; }
python_sources() { git ls-files '*.py'; }
