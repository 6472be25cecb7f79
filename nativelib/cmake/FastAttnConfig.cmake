# find_package(FastAttn) and target_link_libraries(program FastAttn::fastattn).
# The dynamic linker chooses the build for the CPU at run time, so the run path is the lib directory itself.
get_filename_component(_fastattn_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET FastAttn::fastattn)
  add_library(FastAttn::fastattn SHARED IMPORTED)
  set_target_properties(FastAttn::fastattn PROPERTIES
    IMPORTED_LOCATION "${_fastattn_prefix}/lib/libfastattn.so.0"
    IMPORTED_SONAME "libfastattn.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${_fastattn_prefix}/include")
endif()

unset(_fastattn_prefix)
