# Fuzz targets: with WEIR_FUZZ for libFuzzer (sh tests/fuzz/run.sh), and always as programs that replay the seeds and
# the old findings.

set(fuzz_targets h1_request h1_response forward url sse exchange events flood tls_server tls_client tls_records)
set(fuzz_dir ${CMAKE_CURRENT_SOURCE_DIR}/fuzz)

# What the targets share, and what they take from other tests.
add_library(weir_fuzz STATIC ${fuzz_dir}/fuzz.c ${fuzz_dir}/h1.c hostile/strict.c)
target_link_libraries(weir_fuzz PUBLIC weir_support)

# libFuzzer is to follow the library, not what judges it; and it is a third faster so.
function(weir_fuzz_unguided)
  if(WEIR_FUZZ)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=fuzzer-no-link)
  endif()
endfunction()
weir_fuzz_unguided(${fuzz_dir}/fuzz.c ${fuzz_dir}/h1.c ${fuzz_dir}/judge.c ${fuzz_dir}/stage.c
  ${fuzz_dir}/forward_judge.c hostile/strict.c ${support_sources} ${fuzz_dir}/tls.c ${fuzz_dir}/tls_shake.c
  ${fuzz_dir}/tls_records.c ${fuzz_dir}/mbed.c)

set(tls_sources ${fuzz_dir}/tls.c ${fuzz_dir}/tls_shake.c ${fuzz_dir}/mbed.c)

function(weir_fuzz_target name main)
  add_executable(${name} ${fuzz_dir}/${target}.c ${main})
  target_link_libraries(${name} PRIVATE weir_fuzz)
  if(target STREQUAL forward)
    target_sources(${name} PRIVATE ${fuzz_dir}/forward_judge.c)
  endif()
  if(target MATCHES "exchange|flood")
    target_sources(${name} PRIVATE ${fuzz_dir}/script.c ${fuzz_dir}/judge.c)
  endif()
  if(target MATCHES "exchange|events|flood")
    target_sources(${name} PRIVATE ${fuzz_dir}/stage.c)
    target_link_options(${name} PRIVATE # see stage.h
      LINKER:--wrap=weir__connect_start,--wrap=weir__connect_cancel,--wrap=uv_now,--wrap=time)
  endif()
  if(target MATCHES "tls_")
    target_sources(${name} PRIVATE ${tls_sources})
    target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endfunction()

if(WEIR_FUZZ)
  foreach(target IN LISTS fuzz_targets)
    weir_fuzz_target(fuzz_${target} "")
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()

# ---- seeds: the cases of other tests' tables, written to files by programs made of those tables ----

set(seed_files)
function(weir_seeds header)
  foreach(name IN LISTS ARGN)
    add_executable(seeds_${name} unit/${name}.c ${fuzz_dir}/seeds.c)
    target_link_libraries(seeds_${name} PRIVATE weir_support)
    target_compile_options(seeds_${name} PRIVATE -include ${fuzz_dir}/${header} -Wno-unused)
    list(APPEND seed_files $<TARGET_FILE:seeds_${name}>)
  endforeach()
  set(seed_files ${seed_files} PARENT_SCOPE)
endfunction()

weir_seeds(seeds_h1.h http_h1_read_chunked_test http_h1_read_limits_test http_h1_read_request_test
  http_h1_read_response_test)
weir_seeds(seeds_url.h http_chars_test http_url_test)
weir_seeds(seeds_sse.h http_sse_test)

# Not for the replay: those tables are a test of their own, and it takes a while to write a thousand files.
if(WEIR_FUZZ)
  file(GLOB hostile_tables CONFIGURE_DEPENDS hostile/request_*.c hostile/response_*.c)
  add_executable(seeds_hostile ${fuzz_dir}/seeds_hostile.c ${fuzz_dir}/seeds.c ${hostile_tables})
  target_link_libraries(seeds_hostile PRIVATE weir_support)
  list(APPEND seed_files $<TARGET_FILE:seeds_hostile>)
endif()

foreach(name IN ITEMS seeds_events seeds_exchange seeds_forward)
  add_executable(${name} ${fuzz_dir}/${name}.c ${fuzz_dir}/seeds.c)
  target_link_libraries(${name} PRIVATE weir_testing)
  list(APPEND seed_files $<TARGET_FILE:${name}>)
endforeach()

add_executable(seeds_tls ${fuzz_dir}/seeds_tls.c ${fuzz_dir}/seeds.c ${tls_sources})
target_link_libraries(seeds_tls PRIVATE weir_fuzz ${CMAKE_DL_LIBS})
list(APPEND seed_files $<TARGET_FILE:seeds_tls>)

set(seeds ${PROJECT_BINARY_DIR}/fuzz/seeds)
set(make_seeds sh ${fuzz_dir}/seeds.sh ${seeds} ${seed_files})
add_custom_target(fuzz_seeds COMMAND ${make_seeds} VERBATIM)

# ---- replay ----

if(WEIR_TESTS)
  add_test(NAME fuzz_seeds COMMAND ${make_seeds})
  set_tests_properties(fuzz_seeds PROPERTIES LABELS unit TIMEOUT 180 FIXTURES_SETUP fuzz_seeds)
  foreach(target IN LISTS fuzz_targets)
    weir_fuzz_target(replay_${target} ${fuzz_dir}/replay.c)
    set(old ${fuzz_dir}/regressions/${target})
    if(NOT EXISTS ${old})
      set(old)
    endif()
    add_test(NAME fuzz_replay_${target} COMMAND replay_${target} ${seeds}/${target} ${old})
    set_tests_properties(fuzz_replay_${target} PROPERTIES LABELS unit TIMEOUT 180 FIXTURES_REQUIRED fuzz_seeds)
  endforeach()
endif()
