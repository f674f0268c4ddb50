if(NOT CMAKE_SYSTEM_NAME STREQUAL Linux) # epoll, and who finds whose functions at run time
  return()
endif()

# The library once more, with the names of the calls that lead out of it changed, so that faults/fault_uv.c stands in
# between. It comes whole and first: nothing of the untouched twin, which the support brings along, is linked then.
set(faulty ${CMAKE_CURRENT_BINARY_DIR}/libweir_faulty.a)
set(faulty_names ${CMAKE_CURRENT_SOURCE_DIR}/faults/calls.syms)
add_custom_command(OUTPUT ${faulty} VERBATIM
  COMMAND ${CMAKE_OBJCOPY} --redefine-syms=${faulty_names} $<TARGET_FILE:weir_testing> ${faulty}
  DEPENDS weir_testing ${faulty_names})
add_custom_target(weir_faulty DEPENDS ${faulty})

file(GLOB fault_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/faults/*.c)
add_executable(faults_test ${fault_sources})
add_dependencies(faults_test weir_faulty)
target_link_libraries(faults_test PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${faulty}>" weir_support ${CMAKE_DL_LIBS})
# libuv finds read(), write() .. in the program.
set_target_properties(faults_test PROPERTIES ENABLE_EXPORTS ON)

# One entry for each scenario: together they would take too long for one.
foreach(play IN ITEMS stream upload long_upload keep_alive upgrade abort client_gone origin_gone drain slow_client retry
        local_answer long_local_answer listen by_name abort_by_name lent_connection lent_request lent_slow_client
        no_descriptor_is_left_for_anybody every_kind_is_met_in_some_scenario)
  add_test(NAME faults_${play} COMMAND faults_test ${play})
  set_tests_properties(faults_${play} PROPERTIES LABELS faults TIMEOUT 600)
endforeach()
weir_script(faults_complete check ${CMAKE_CURRENT_SOURCE_DIR}/faults/complete.sh ${faulty})
