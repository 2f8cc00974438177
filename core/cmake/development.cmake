# SPDX-License-Identifier: BSL-1.0
# Settings of all targets in a build of Cohort itself. A project that uses Cohort does not inherit these settings.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CCACHE ccache)
if(CCACHE)
  # Each compilation uses a precompiled header, for which ccache requires these settings.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${CCACHE}")
endif()

add_compile_options(-fno-omit-frame-pointer -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=lld)
endif()
if(COHORT_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS TRUE)
  set(Boost_USE_STATIC_LIBS TRUE)
  # Uses compact relative relocations (DT_RELR), which glibc supports since version 2.36.
  add_link_options(-static-pie -Wl,-z,pack-relative-relocs $<$<NOT:$<CXX_COMPILER_ID:GNU>>:-Wl,--icf=safe>)
endif()
if(COHORT_SANITIZE)
  add_compile_options("-fsanitize=${COHORT_SANITIZE}" -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${COHORT_SANITIZE}")
endif()
if(COHORT_FUZZ)
  # Instruments the code for libFuzzer, and for the branch coverage that `./dev fuzz coverage` reports.
  add_compile_options(-fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
