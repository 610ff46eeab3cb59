# hpystate-config.cmake: the package that find_package(hpystate) loads; the folder above has the headers.
#
#   find_package(hpystate REQUIRED)
#   hpystate_add_module(point SOURCES point.c [ABI universal|hybrid|cpython])
#
# A module's target is a library MODULE whose file has the name that the ABI asks for: point.hpy0.so,
# point.hpy0-cp312.so, point.cpython-312-x86_64-linux-gnu.so. install(TARGETS point DESTINATION ...) copies it.
# The component `embed` is hpystate::embed, a library for extensions of CPython's own API that need no package at run
# time (docs/global.md); an installation may lack it.


get_filename_component(hpystate_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../include" ABSOLUTE)
file(GLOB hpystate_SOURCES "${hpystate_INCLUDE_DIR}/hpy/src/*.c")
if(NOT hpystate_SOURCES)
  set(hpystate_FOUND FALSE)
  set(hpystate_NOT_FOUND_MESSAGE
    "${hpystate_INCLUDE_DIR}/hpy/src: the helpers' C sources are missing. Install hpystate again.")
  return()
endif()
# The function reads them where it is called, which may be another folder of the project.
set_property(GLOBAL PROPERTY hpystate_include_dir "${hpystate_INCLUDE_DIR}")
set_property(GLOBAL PROPERTY hpystate_sources "${hpystate_SOURCES}")

# hpystate_add_module(name SOURCES file... [ABI universal|hybrid|cpython])
#
#   name  the target, and the last part of the module's name, as in HPy_MODINIT
#   ABI   universal, unless it is given; hybrid and cpython are for the Python that find_package(Python) found,
#         or else for the first one that is found
function(hpystate_add_module name)
  set(usage "hpystate_add_module(${name} SOURCES ${name}.c [ABI universal|hybrid|cpython])")
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ABI" "SOURCES")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES OR NOT arg_SOURCES)
    message(FATAL_ERROR "hpystate_add_module(${name}): sources were expected after the word SOURCES, found "
      "\"${arg_UNPARSED_ARGUMENTS}\". Write ${usage}")
  endif()
  if(NOT arg_ABI)
    set(arg_ABI universal)
  endif()
  if(NOT arg_ABI MATCHES "^(universal|hybrid|cpython)$")
    message(FATAL_ERROR "hpystate_add_module(${name}): the ABI is \"${arg_ABI}\"; universal, hybrid or cpython was "
      "expected. Write ${usage}")
  endif()
  if(NOT CMAKE_C_COMPILER_LOADED)
    message(FATAL_ERROR "hpystate_add_module(${name}): every extension has C files of the headers in it, and this "
      "project does not have the language C. Write project(${PROJECT_NAME} LANGUAGES C CXX)")
  endif()
  get_property(include GLOBAL PROPERTY hpystate_include_dir)
  get_property(helpers GLOBAL PROPERTY hpystate_sources)

  set(suffix ".hpy0.so")
  if(NOT arg_ABI STREQUAL "universal")
    if(NOT TARGET Python::Module)
      find_package(Python 3.12 REQUIRED COMPONENTS Interpreter Development.Module)
    endif()
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -c
        "import sys, sysconfig; print(f'.hpy0-cp{sys.version_info[0]}{sys.version_info[1]}{sys.abiflags}.so', sysconfig.get_config_var('EXT_SUFFIX'), sep=';')"
      OUTPUT_VARIABLE suffixes OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    if(arg_ABI STREQUAL "hybrid")
      list(GET suffixes 0 suffix)
    else()
      list(GET suffixes 1 suffix)
    endif()
  endif()

  add_library(${name} MODULE ${arg_SOURCES} ${helpers})
  string(TOUPPER "${arg_ABI}" macro)
  target_compile_definitions(${name} PRIVATE HPY HPY_ABI_${macro})
  if(arg_ABI STREQUAL "universal") # there a Python.h is an error, which this folder raises
    target_include_directories(${name} BEFORE PRIVATE "${include}/hpy/forbid_python_h")
  else()
    target_link_libraries(${name} PRIVATE Python::Module)
  endif()
  target_include_directories(${name} PRIVATE "${include}")
  if(CMAKE_CXX_COMPILER_LOADED)
    target_compile_features(${name} PRIVATE cxx_std_17)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX "${suffix}"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden)
endfunction()

# ---- components --------------------------------------------------------------------------------------

get_filename_component(hpystate_embed_library "${CMAKE_CURRENT_LIST_DIR}/../lib/libhpystate_embed.a" ABSOLUTE)
if(EXISTS "${hpystate_embed_library}")
  set(hpystate_embed_FOUND TRUE)
  if(NOT TARGET hpystate::embed)
    add_library(hpystate::embed STATIC IMPORTED)
    set_target_properties(hpystate::embed PROPERTIES
      IMPORTED_LOCATION "${hpystate_embed_library}"
      INTERFACE_COMPILE_DEFINITIONS HPYSTATE_GLOBAL_EMBED
      INTERFACE_INCLUDE_DIRECTORIES "${hpystate_INCLUDE_DIR}")
  endif()
endif()
set(hpystate_FOUND TRUE)
foreach(component IN LISTS hpystate_FIND_COMPONENTS)
  if(hpystate_FIND_REQUIRED_${component} AND NOT hpystate_${component}_FOUND)
    set(hpystate_FOUND FALSE)
    set(hpystate_NOT_FOUND_MESSAGE "hpystate has no component \"${component}\" in ${CMAKE_CURRENT_LIST_DIR}")
  endif()
endforeach()
