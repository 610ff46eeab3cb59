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
set(embed_sources ${hpystate_sources_of_embed} ${hpystate_sources_without_python} ${hpystate_sources_with_python})
list(FILTER embed_sources INCLUDE REGEX "/(globals|interp_state|runtime/(elf|cpython|face|embed))/[a-z_]+.cpp$")
list(FILTER embed_sources EXCLUDE REGEX "/(globals/(copies|interner|thunk_table)|runtime/face/enter).cpp$")

# Never of the intermediate code of one compiler's link-time optimisation: any compiler links it.
add_library(hpystate_embed_objects OBJECT ${embed_sources})
target_link_libraries(hpystate_embed_objects PRIVATE hpystate_options)
target_include_directories(hpystate_embed_objects SYSTEM PRIVATE ${Python_INCLUDE_DIRS})
target_compile_options(hpystate_embed_objects PRIVATE -ffunction-sections -fdata-sections)
set_target_properties(hpystate_embed_objects PROPERTIES
  INTERPROCEDURAL_OPTIMIZATION OFF UNITY_BUILD ON UNITY_BUILD_MODE GROUP)

set(embed_library ${stage}/lib/libhpystate_embed.a)
set(embed_entry hpystate_embed_tables)
file(MAKE_DIRECTORY ${stage}/lib)
# --wrap: runtime/cpython/thread_exit.cpp. What stays undefined of code that was dropped is dropped too.
add_custom_command(OUTPUT ${embed_library}
  COMMAND ${CMAKE_CXX_COMPILER} -r -nostdlib -fuse-ld=bfd -Wl,--gc-sections,-u,${embed_entry}
    -Wl,--force-group-allocation,--wrap=__gxx_personality_v0
    $<TARGET_OBJECTS:hpystate_embed_objects> ${cxx_library} -o hpystate_embed_all.o
  COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=${embed_entry}
    "--strip-unneeded-symbol=_ITM_*" --strip-unneeded-symbol=__cxa_pure_virtual
    hpystate_embed_all.o hpystate_embed.o
  COMMAND ${CMAKE_COMMAND} -E rm -f ${embed_library}
  COMMAND ${CMAKE_AR} rcs ${embed_library} hpystate_embed.o
  DEPENDS hpystate_embed_objects $<TARGET_OBJECTS:hpystate_embed_objects>
  COMMAND_EXPAND_LISTS VERBATIM COMMENT "Linking libhpystate_embed.a")
add_custom_target(hpystate_embed_library ALL DEPENDS ${embed_library})

add_library(hpystate::embed STATIC IMPORTED GLOBAL)
add_dependencies(hpystate::embed hpystate_embed_library)
set_target_properties(hpystate::embed PROPERTIES
  IMPORTED_LOCATION ${embed_library}
  INTERFACE_COMPILE_DEFINITIONS HPYSTATE_GLOBAL_EMBED
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/include)
install(FILES ${embed_library} DESTINATION hpystate/lib)
