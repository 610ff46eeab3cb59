# tools/sources.sh: sourced; the project's files by kind, as git knows them.
cxx_sources() { git ls-files '*.cpp' '*.h' '*.hpp' '*.c' | grep -v '^tests/abi/layout_'; }
runtime_units() { git ls-files 'globals/*.cpp' 'interp_state/*.cpp' 'context/*.cpp' 'loader/*.cpp' 'python/*.cpp'; }
python_sources() { git ls-files '*.py'; }
