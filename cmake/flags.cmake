# Flags that every target of the project is built with (DESIGN: one state per process, nothing
# leaks out of the shared libraries).
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# The install tree can be moved: bin/ and lib/ossl-modules/ find lib/ beside them.
set(CMAKE_INSTALL_LIBDIR lib)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

add_library(keystore_flags INTERFACE)
target_include_directories(keystore_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(keystore_flags INTERFACE -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
                       -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(keystore_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()
# Small code: nothing here computes for long, that is left to OpenSSL and tokens, and a process that
# signs once pays for every page of code that it touches. With -O3 libkeystore is 2.8 times as large,
# and a signature not measurably faster.
target_compile_options(keystore_flags INTERFACE $<$<CONFIG:Release>:-Os>)
if(KEYSTORE_WERROR)
  target_compile_options(keystore_flags INTERFACE -Werror)
endif()
if(KEYSTORE_SANITIZE)
  target_compile_options(keystore_flags INTERFACE -fsanitize=${KEYSTORE_SANITIZE}
                         -fno-sanitize-recover=undefined -fno-omit-frame-pointer
                         -Wno-maybe-uninitialized)  # GCC 12 is wrong about std::regex then
  target_link_options(keystore_flags INTERFACE -fsanitize=${KEYSTORE_SANITIZE})
endif()
