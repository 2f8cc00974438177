# SPDX-License-Identifier: BSL-1.0
# Functions that declare Cohort's targets.

# Sets the warnings and the C++ standard of Cohort's own sources. The settings are private, so they do not apply to
# users' code.
function(cohort_own_options target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE
    # Designated initializers may omit members that have a default value.
    -Wall -Wextra -Wpedantic -Woverloaded-virtual -Wno-missing-field-initializers
    $<$<BOOL:${COHORT_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC reports false positives in inlined code of Boost and the standard library, where pragmas have no effect.
    # The full -Wshadow also reports a local variable with the name of a type. -Wnon-virtual-dtor reports the protected
    # destructor of an error category. In a unity build, -Wsubobject-linkage reports types of unnamed namespaces.
    target_compile_options(${target} PRIVATE -Wshadow=local -Wno-subobject-linkage -Wno-maybe-uninitialized
      -Wno-dangling-pointer -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict -Wno-mismatched-new-delete)
  else()
    # In a unity build, the internal names of several files are in one translation unit.
    target_compile_options(${target} PRIVATE -Wnon-virtual-dtor $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>)
  endif()
endfunction()

# Writes installed_packages.hpp in the build directory. The content of the file changes with the compiler and the header
# packages. A Debian package sets the modification times of its headers, so an upgraded header can be older than the
# build. The build tool would then keep the old precompiled header, and Clang would reject it. CMake reconfigures after
# each change of Debian's package list.
function(cohort_watch_packages)
  set(package_list /var/lib/dpkg/status)
  set(packages "")
  if(EXISTS "${package_list}")
    execute_process(COMMAND dpkg-query --show *-dev clang* gcc* g++* cpp* OUTPUT_VARIABLE packages ERROR_QUIET)
    set_property(DIRECTORY "${cohort_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${package_list}")
  endif()
  string(SHA256 hash "${CMAKE_CXX_COMPILER_VERSION} ${packages}")
  # Writes the file only if its content has changed.
  file(CONFIGURE OUTPUT "${cohort_BINARY_DIR}/installed_packages.hpp" CONTENT "// ${hash}\n")
endfunction()

# Precompiles a header of a target.
function(cohort_precompile_header target header)
  cohort_watch_packages()
  target_precompile_headers(${target} PRIVATE "${header}" "${cohort_BINARY_DIR}/installed_packages.hpp")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Modification times are not compared: a reinstalled header with the same content is valid.
    target_compile_options(${target} PRIVATE -fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

# cohort_precompile(<target> [runtime|http|service]): precompiles core/precompiled/<module>.hpp in the target of the
# module (default: service), and reuses it in the modules and programs of higher layers. Targets that share a
# precompiled header have the same hardening flags.
function(cohort_precompile target)
  set(name service)
  if(ARGC GREATER 1)
    set(name ${ARGV1})
  endif()
  cohort_harden(${target})
  if(NOT COHORT_PCH)
    return()
  endif()
  if(target STREQUAL "cohort_${name}")
    cohort_precompile_header(${target} "${cohort_SOURCE_DIR}/core/precompiled/${name}.hpp")
  else()
    target_precompile_headers(${target} REUSE_FROM cohort_${name})
  endif()
endfunction()

# cohort_module(<name> [OPTIONAL] [MODULES <module>...] [LIBRARIES <target>...] [PRIVATE_LIBRARIES <target>...]) defines
# the static library cohort::<name> from core/cohort/<name>, and installs its headers. An optional module is a separate
# package and not part of cohort::cohort. An optional module is not built if one of its private libraries is not
# installed.
function(cohort_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "" "MODULES;LIBRARIES;PRIVATE_LIBRARIES")
  if(arg_OPTIONAL)
    set(packages "")
    set(requirements "")
    foreach(library IN LISTS arg_PRIVATE_LIBRARIES)
      cohort_find_optional_library(${library} package)
      if(NOT TARGET ${library})
        message(STATUS "cohort::${name} is not built, because ${library} is missing. On Debian: apt-get install ${package}")
        return()
      endif()
      list(APPEND packages ${package})
      list(APPEND requirements ${package_pkg_config})
    endforeach()
    set_property(GLOBAL PROPERTY COHORT_${name}_PKG_CONFIG ${requirements})
    set_property(GLOBAL PROPERTY COHORT_${name}_PACKAGES ${packages})
  endif()
  foreach(library IN LISTS arg_LIBRARIES arg_PRIVATE_LIBRARIES)
    cohort_find_library(${library})
  endforeach()
  if(Boost_VERSION_STRING)
    set_property(GLOBAL PROPERTY COHORT_BOOST_VERSION "${Boost_VERSION_STRING}")
  endif()
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
  # The precompiled headers require the macros of Asio, which modules without Asio do not define.
  if(name MATCHES "^(runtime|http|service)$")
    cohort_precompile(${target} ${name})
  elseif(arg_MODULES MATCHES "service|sim")
    cohort_precompile(${target})
  elseif("http" IN_LIST arg_MODULES)
    cohort_precompile(${target} http)
  elseif(arg_MODULES)
    cohort_precompile(${target} runtime)
  else()
    cohort_harden(${target})
  endif()

  if(arg_OPTIONAL)
    set_property(GLOBAL APPEND PROPERTY COHORT_OPTIONAL_MODULES ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY COHORT_MODULES ${name})
  endif()
  set_property(GLOBAL PROPERTY COHORT_${name}_MODULES ${arg_MODULES})
  set_property(GLOBAL PROPERTY COHORT_${name}_LIBRARIES ${arg_LIBRARIES} ${arg_PRIVATE_LIBRARIES})
endfunction()
