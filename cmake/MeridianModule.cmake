# One CMake library a module: its DEPS are the "may include" column of ARCHITECTURE.md's module table, which
# tests/tree/ checks against every #include. Files are found by name:
#   x.h x.cc   the module        x_test.cc  its unit tests (one executable a module)
#   x_fuzz.cc  a fuzz target     x_bench.cc a Google Benchmark
include(GoogleTest)

function(meridian_module name)
  # TOGETHER: tests of this name share something costly and run as one.
  cmake_parse_arguments(ARG "" "TOGETHER" "DEPS;LIBS;TEST_LIBS" ${ARGN})
  set(dir ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB all CONFIGURE_DEPENDS ${dir}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  file(GLOB tests CONFIGURE_DEPENDS ${dir}/*_test.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${dir}/*_fuzz.cc)
  file(GLOB benches CONFIGURE_DEPENDS ${dir}/*_bench.cc)

  set(deps ${ARG_DEPS})
  list(TRANSFORM deps PREPEND meridian_)
  if(sources)
    add_library(meridian_${name} STATIC ${sources})
    target_compile_options(meridian_${name} PRIVATE ${MERIDIAN_PROFILE_OPTIONS})
    set(scope PUBLIC)
  else()
    add_library(meridian_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(meridian_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(meridian_${name} ${scope} ${deps} ${ARG_LIBS} fmt::fmt Threads::Threads)

  if(tests)
    add_executable(meridian_${name}_test ${tests})
    target_link_libraries(meridian_${name}_test PRIVATE meridian_${name} ${ARG_TEST_LIBS} GTest::gmock GTest::gtest_main)
    # Tests run in the source directory. A relative name keeps their objects the same in every checkout, so that
    # the compiler cache serves them all.
    target_compile_definitions(meridian_${name}_test PRIVATE MERIDIAN_SOURCE_DIR=".")
    set(filter)
    if(ARG_TOGETHER)
      set(filter TEST_FILTER "-*${ARG_TOGETHER}*")
      add_test(NAME ${name}/${ARG_TOGETHER} COMMAND meridian_${name}_test "--gtest_filter=*${ARG_TOGETHER}*"
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
      set_tests_properties(${name}/${ARG_TOGETHER} PROPERTIES LABELS unit TIMEOUT 300)
    endif()
    gtest_discover_tests(meridian_${name}_test ${filter} TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  foreach(source ${fuzzers})
    get_filename_component(stem ${source} NAME_WE)
    meridian_fuzz_target(${stem} ${source} meridian_${name})
  endforeach()
  if(benches AND NOT MERIDIAN_SANITIZE)
    add_executable(meridian_${name}_bench ${benches})
    target_link_libraries(meridian_${name}_bench PRIVATE meridian_${name} benchmark::benchmark_main)
  endif()
endfunction()

# A fuzz target is a libFuzzer program under MERIDIAN_FUZZ; everywhere else the same function replays
# tests/corpus/<target>/ as an ordinary test, so that an old crasher stays fixed.
function(meridian_fuzz_target stem source library)
  set(corpus ${CMAKE_SOURCE_DIR}/tests/corpus/${stem})
  if(MERIDIAN_FUZZ)
    add_executable(${stem} ${source})
    target_link_libraries(${stem} PRIVATE ${library})
    target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${stem} ${source} ${CMAKE_SOURCE_DIR}/tests/corpus/replay_main.cc)
    target_link_libraries(${stem} PRIVATE ${library})
    add_test(NAME corpus/${stem} COMMAND ${stem} ${corpus})
    set_tests_properties(corpus/${stem} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
