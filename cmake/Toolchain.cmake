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

if(MERIDIAN_SANITIZE)
  # function: UBSan's function check misfires on coroutine frames.
  add_compile_options(-fsanitize=${MERIDIAN_SANITIZE} -fno-omit-frame-pointer)
  if(MERIDIAN_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=function -fno-sanitize-recover=undefined)
  endif()
  add_link_options(-fsanitize=${MERIDIAN_SANITIZE})
endif()
