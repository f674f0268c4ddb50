# weir-soak, which tests/soak.sh runs, and the library by which it counts what weir-relay allocates.
if(NOT WEIR_EXAMPLES OR NOT CMAKE_SYSTEM_NAME STREQUAL Linux)
  return()
endif()

file(GLOB soak_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_executable(weir-soak ${soak_sources})
set_target_properties(weir-soak PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

# A sanitizer counts for itself.
if(NOT WEIR_SANITIZE AND NOT WEIR_FUZZ)
  add_library(soak-heap MODULE ${CMAKE_CURRENT_LIST_DIR}/heap/count.c)
  set_target_properties(soak-heap PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endif()
