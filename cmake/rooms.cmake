# cmake/rooms.cmake: the source files of every room in runtime/rooms.txt, by whether they see Python.h.
#
# Sets hpystate_sources_without_python and hpystate_sources_with_python; hpystate_sources_of_embed, the
# library's own room and those that it has in common with the runtime (cmake/embed.cmake); and
# hpystate_sources_of_images, of the package's second module. The package's modules are targets of their own,
# and what is in include/ is compiled into extensions.
set(rooms_file ${PROJECT_SOURCE_DIR}/runtime/rooms.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${rooms_file})
file(STRINGS ${rooms_file} room_lines REGEX "^[a-z]")
foreach(line IN LISTS room_lines)
  if(NOT line MATCHES "^([a-z0-9_/]+) +(yes|no) ")
    message(FATAL_ERROR "${rooms_file}: expected `folder  yes|no  what it holds`, found: ${line}")
  endif()
  set(room ${CMAKE_MATCH_1})
  set(kind with_python)
  if(CMAKE_MATCH_2 STREQUAL "no")
    set(kind without_python)
  endif()
  if(room STREQUAL "include" OR room STREQUAL "python")
    continue()
  endif()
  file(GLOB room_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${room}/*.cpp)
  if(room STREQUAL "runtime/embed")
    set(kind of_embed)
  elseif(room STREQUAL "runtime/images")
    set(kind of_images)
  endif()
  list(APPEND hpystate_sources_${kind} ${room_sources})
  string(MAKE_C_IDENTIFIER ${room} unity_group)
  set_source_files_properties(${room_sources} PROPERTIES UNITY_GROUP ${unity_group})
endforeach()

# A source that no room has would be left out of the build, and missed by the linker only.
set(listed_sources ${hpystate_sources_with_python} ${hpystate_sources_without_python} ${hpystate_sources_of_embed}
  ${hpystate_sources_of_images})
file(GLOB_RECURSE all_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/globals/*.cpp
  ${PROJECT_SOURCE_DIR}/interp_state/*.cpp ${PROJECT_SOURCE_DIR}/runtime/*.cpp)
foreach(source IN LISTS all_sources)
  if(NOT source IN_LIST listed_sources)
    message(FATAL_ERROR "${source} is in no room; move it into one, or add a line for its folder to "
      "runtime/rooms.txt")
  endif()
endforeach()
