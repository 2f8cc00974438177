# SPDX-License-Identifier: BSL-1.0
# Functions that declare Cohort's targets.

# Warnings and the standard for Cohort's own sources. Private: a user's code keeps its own warnings.
function(cohort_own_options target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE
    # Designated initializers leave out what has a good default.
    -Wall -Wextra -Wpedantic -Woverloaded-virtual -Wno-missing-field-initializers
    $<$<BOOL:${COHORT_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC reports these inside inlined code of Boost and the standard library, where no pragma reaches. It also counts a
    # local named like a type as shadowing, and an error category's protected destructor as a risk.
    target_compile_options(${target} PRIVATE -Wshadow=local -Wno-maybe-uninitialized -Wno-dangling-pointer
      -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict -Wno-mismatched-new-delete)
  else()
    target_compile_options(${target} PRIVATE -Wshadow -Wnon-virtual-dtor)
  endif()
endfunction()

# The one precompiled header belongs to cohort_runtime; every other target uses it again.
function(cohort_precompile target)
  if(NOT COHORT_PCH)
    return()
  endif()
  if(target STREQUAL "cohort_runtime")
    target_precompile_headers(${target} PRIVATE "${cohort_SOURCE_DIR}/core/precompiled.hpp")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE -fpch-instantiate-templates)
    endif()
  else()
    target_precompile_headers(${target} REUSE_FROM cohort_runtime)
  endif()
endfunction()

# cohort_module(<name> [MODULES <module>...] [LIBRARIES <target>...] [PRIVATE_LIBRARIES <target>...])
# The static library cohort::<name> from core/cohort/<name>, with its headers for installation.
function(cohort_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "MODULES;LIBRARIES;PRIVATE_LIBRARIES")
  foreach(library IN LISTS arg_LIBRARIES arg_PRIVATE_LIBRARIES)
    cohort_find_library(${library})
  endforeach()
  set(target cohort_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${cohort_SOURCE_DIR}/core/cohort/${name}/*.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${cohort_SOURCE_DIR}/core/cohort/${name}/*.hpp")
  add_library(${target} STATIC ${sources})
  add_library(cohort::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${cohort_SOURCE_DIR}/core" FILES ${headers})
  target_compile_features(${target} PUBLIC cxx_std_20)
  list(TRANSFORM arg_MODULES PREPEND cohort_ OUTPUT_VARIABLE modules)
  target_link_libraries(${target} PUBLIC ${modules} ${arg_LIBRARIES} PRIVATE ${arg_PRIVATE_LIBRARIES})
  cohort_own_options(${target})
  cohort_precompile(${target})

  set(COHORT_MODULES ${COHORT_MODULES} ${name} PARENT_SCOPE)
  set_property(GLOBAL PROPERTY COHORT_${name}_MODULES ${arg_MODULES})
  set_property(GLOBAL PROPERTY COHORT_${name}_LIBRARIES ${arg_LIBRARIES} ${arg_PRIVATE_LIBRARIES})
endfunction()
