# SPDX-License-Identifier: BSL-1.0
# Profile-guided and link-time optimization. `./dev bench profile` records the profile. The profile is a file in the
# source tree, so builds do not run the programs. The profile counts executions by the source code of each function, so it also applies
# to other versions of the libraries. A function that has changed since the recording, or is not in the profile, is
# compiled without profile data.
set(COHORT_PROFILE "" CACHE STRING
  "Profile-guided optimization by Clang 19 or later: use (with link-time optimization), or record (the programs write a profile); other compilers ignore it")

set(profile "${CMAKE_CURRENT_LIST_DIR}/../profile/cohort.profdata")
if(NOT COHORT_PROFILE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  return()
elseif(COHORT_PROFILE STREQUAL "record")
  add_compile_options(-fprofile-instr-generate)
  add_link_options(-fprofile-instr-generate)
elseif(COHORT_PROFILE STREQUAL "use")
  # The name of the copy depends on its content, so a new profile causes a full rebuild.
  file(SHA256 "${profile}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  configure_file("${profile}" "${CMAKE_BINARY_DIR}/profile-${hash}.profdata" COPYONLY)
  add_compile_options("-fprofile-instr-use=${CMAKE_BINARY_DIR}/profile-${hash}.profdata"
    -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled)
  # Functions are inlined across files. The limit keeps the program small. The cache contains the compiled modules,
  # which programs can share.
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -Wl,-mllvm,-import-instr-limit=30
    "-Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto-cache")
else()
  message(FATAL_ERROR "COHORT_PROFILE is \"${COHORT_PROFILE}\", but must be use, record or empty")
endif()
# In the profile, the name of an internal function starts with the name of the compiled file. With one name for all
# files, the profile is valid with and without unity builds.
add_compile_options("SHELL:-Xclang -main-file-name -Xclang cohort")
