# tests/discover.cmake: included by ctest, once for each program of Catch2: adds its tests.
#
# ctest asks a program for its tests whenever it starts, so a build runs no program, and a list is never
# older than its program. Catch2's own catch_discover_tests() cannot do that in version 2, and gives the
# tags of a test as labels in few versions: here `ctest -L window` runs the tests with the tag [window].
# Arguments are the variables that tests/CMakeLists.txt writes into <program>.tests.cmake:
#
#   PROGRAM      the program's path
#   CMAKE        the path of cmake
#   VERSION      2 or 3, Catch2's
#   SECONDS      the time limit of a test, of tests/limits/limits.py
#   ENVIRONMENT  a list of NAME=value for the program

get_filename_component(name "${PROGRAM}" NAME)
string(REGEX REPLACE "^test_" "" prefix "${name}")
if(NOT EXISTS "${PROGRAM}")
  add_test("${prefix}: not built" "${PROGRAM}")
  return()
endif()

# The limit inside the program (tests/main.cpp) comes first and shows the stacks; this one is behind it.
if(NOT "$ENV{HPYSTATE_TEST_SECONDS}" STREQUAL "")
  string(REGEX REPLACE "[.].*" "" SECONDS "$ENV{HPYSTATE_TEST_SECONDS}")
endif()
math(EXPR timeout "${SECONDS} + 60")

if(VERSION EQUAL 2)
  set(names --list-test-names-only)
else()
  set(names --list-tests --verbosity quiet)
endif()

# Sets `lines` to what the program prints. Version 2 ends with the number of tests as its status.
macro(ask)
  execute_process(COMMAND "${CMAKE}" -E env ${ENVIRONMENT} "${PROGRAM}" ${ARGN}
    OUTPUT_VARIABLE lines ERROR_VARIABLE errors RESULT_VARIABLE status)
  if(NOT lines MATCHES "[a-zA-Z]")
    message(FATAL_ERROR "${PROGRAM} lists no tests (status ${status}): ${errors}")
  endif()
  string(STRIP "${lines}" lines)
  # A list of CMake's is torn at `;` and kept together by brackets.
  string(REPLACE "\\" "\\\\" lines "${lines}")
  string(REPLACE ";" "\\;" lines "${lines}")
  string(REGEX REPLACE "[\r\n]+" ";" lines "${lines}")
endmacro()

set(labels)
ask(--list-tags)
string(REPLACE "[" "<" tags "${lines}")
string(REPLACE "]" ">" tags "${tags}")
foreach(line IN LISTS tags)
  string(REGEX MATCHALL "<[^<>]+>" found "${line}")
  foreach(tag IN LISTS found)
    string(REGEX REPLACE "[<>]" "" tag "${tag}")
    ask(${names} "[${tag}]")
    foreach(test IN LISTS lines)
      string(SHA1 key "${test}")
      list(APPEND labels_${key} "${tag}")
    endforeach()
  endforeach()
endforeach()

ask(${names})
foreach(test IN LISTS lines)
  string(SHA1 key "${test}")
  # What Catch2 reads as more than a letter of a name.
  string(REGEX REPLACE "([],[\\])" "\\\\\\1" spec "${test}")
  add_test("${prefix}: ${test}" "${PROGRAM}" "${spec}")
  set_tests_properties("${prefix}: ${test}" PROPERTIES ENVIRONMENT "${ENVIRONMENT}"
    TIMEOUT ${timeout} LABELS "${name};${labels_${key}}"
    FAIL_REGULAR_EXPRESSION "No test cases matched;No tests ran")
  unset(labels_${key})
endforeach()
