# cmake/embed.cmake: libhpystate_embed.a, the globals for extensions that need no package at run time.
#
# One object file that needs nothing but libc, libgcc_s and Python: the rooms below and what they use of the C++
# library, linked together, with one name that others see. So an extension in C is linked with it by a C
# compiler, two extensions share nothing, and none of this is exported. Adds the target hpystate::embed.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libstdc++.a
  OUTPUT_VARIABLE cxx_library OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT IS_ABSOLUTE "${cxx_library}" OR NOT CMAKE_OBJCOPY)
  message(WARNING "hpystate::embed is not built: libstdc++.a and objcopy were expected. Install the compiler's "
    "static library (Fedora: libstdc++-static) and binutils, and configure again.")
  return()
endif()

# Of the rooms that face the runtime: all but what tells the copies of the runtime about each other, what keeps
# HPy's definitions, and how the runtime enters an interpreter.
set(embed_sources ${hpystate_sources_without_python} ${hpystate_sources_with_python})
list(FILTER embed_sources INCLUDE REGEX "/(globals|interp_state|runtime/(elf|cpython|face))/[a-z_]+.cpp$")
list(FILTER embed_sources EXCLUDE REGEX "/(globals/(copies|interner|thunk_table)|runtime/face/enter).cpp$")

# The library's own room, and the others: a second time, so in little work, and not in the compile commands, where
# they are as files of the runtime. Never the intermediate code of one compiler's link-time optimisation: any
# compiler links it.
add_library(hpystate_embed_own OBJECT ${hpystate_sources_of_embed})
add_library(hpystate_embed_rooms OBJECT ${embed_sources})
set_target_properties(hpystate_embed_rooms PROPERTIES
  UNITY_BUILD ON UNITY_BUILD_MODE GROUP EXPORT_COMPILE_COMMANDS OFF)
foreach(target hpystate_embed_own hpystate_embed_rooms)
  target_link_libraries(${target} PRIVATE hpystate_options)
  target_include_directories(${target} SYSTEM PRIVATE ${Python_INCLUDE_DIRS})
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
endforeach()

set(embed_library ${stage}/lib/libhpystate_embed.a)
set(embed_entry hpystate_embed_tables)
file(MAKE_DIRECTORY ${stage}/lib)
# --wrap: runtime/cpython/thread_exit.cpp. What stays undefined of code that was dropped is dropped too.
add_custom_command(OUTPUT ${embed_library}
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -fuse-ld=bfd -Wl,--gc-sections,-u,${embed_entry}
    -Wl,--force-group-allocation,--wrap=__gxx_personality_v0
    $<TARGET_OBJECTS:hpystate_embed_own> $<TARGET_OBJECTS:hpystate_embed_rooms> ${cxx_library} -o hpystate_embed_all.o
  COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=${embed_entry}
    "--strip-unneeded-symbol=_ITM_*" --strip-unneeded-symbol=__cxa_pure_virtual
    hpystate_embed_all.o hpystate_embed.o
  COMMAND ${CMAKE_COMMAND} -E rm -f ${embed_library}
  COMMAND ${CMAKE_AR} rcs ${embed_library} hpystate_embed.o
  DEPENDS $<TARGET_OBJECTS:hpystate_embed_own> $<TARGET_OBJECTS:hpystate_embed_rooms>
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Linking libhpystate_embed.a")
add_custom_target(hpystate_embed_library ALL DEPENDS ${embed_library})

add_library(hpystate::embed STATIC IMPORTED GLOBAL)
add_dependencies(hpystate::embed hpystate_embed_library)
set_target_properties(hpystate::embed PROPERTIES
  IMPORTED_LOCATION ${embed_library}
  INTERFACE_COMPILE_DEFINITIONS HPYSTATE_GLOBAL_EMBED
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)
install(FILES ${embed_library} DESTINATION hpystate/lib)
