# Warnings, sanitizers, linker and compiler cache: what every target of the project is built with.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# No object knows where its tree lies: the same everywhere, and found in the compiler's cache by any clone.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-unused-parameter
  -Wno-missing-designated-field-initializers)
if(MERIDIAN_WERROR)
  add_compile_options(-Werror)
endif()
add_link_options(-fuse-ld=lld)

# What the compiler knows of how meridiand runs: tools/update-profile made it. Code that has changed since is compiled as
# without it. Modules are compiled with these options, their tests are not.
set(MERIDIAN_PROFILE "" CACHE STRING "use: compile with cmake/meridiand.profdata; make: write a profile; empty: neither")
set(MERIDIAN_PROFILE_OPTIONS "")
if(MERIDIAN_PROFILE STREQUAL "make")
  set(MERIDIAN_PROFILE_OPTIONS -fprofile-generate)
  add_link_options(-fprofile-generate)
elseif(MERIDIAN_PROFILE STREQUAL "use")
  set(profile ${CMAKE_SOURCE_DIR}/cmake/meridiand.profdata)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
  # As seen from where the compiler runs, the same in every checkout; and a new profile is a new command.
  file(RELATIVE_PATH from_build ${CMAKE_BINARY_DIR} ${profile})
  file(SHA256 ${profile} hash)
  set(MERIDIAN_PROFILE_OPTIONS -fprofile-use=${from_build} -Wno-profile-instr-out-of-date -Wno-backend-plugin
    -DMERIDIAN_PROFILE_SHA256=${hash})
endif()

if(MERIDIAN_SANITIZE)
  # function: UBSan's function check misfires on coroutine frames.
  add_compile_options(-fsanitize=${MERIDIAN_SANITIZE} -fno-omit-frame-pointer)
  if(MERIDIAN_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=function -fno-sanitize-recover=undefined)
  endif()
  add_link_options(-fsanitize=${MERIDIAN_SANITIZE})
endif()
