# SPDX-License-Identifier: BSL-1.0
# The libraries that Cohort's modules use, with their Debian packages. This file is also installed with the package.

# cohort_find_package(<package> <arguments of find_package>... DEBIAN <Debian package>)
# Finds <package>. If the package is missing, fails with one line that contains the name of the Debian package.
macro(cohort_find_package package)
  cmake_parse_arguments(_cohort "" "DEBIAN" "" ${ARGN})
  find_package(${package} ${_cohort_UNPARSED_ARGUMENTS} QUIET)
  if(NOT ${package}_FOUND)
    string(REPLACE ";" " " _cohort_wanted "${package};${_cohort_UNPARSED_ARGUMENTS}")
    set(_cohort_reason "")
    if(${package}_CONSIDERED_VERSIONS)
      set(_cohort_reason " (found only version ${${package}_CONSIDERED_VERSIONS})")
    endif()
    message(FATAL_ERROR
      "Cohort needs ${_cohort_wanted}${_cohort_reason}. On Debian: apt-get install ${_cohort_DEBIAN}")
  endif()
endmacro()

# _cohort_import_library(<imported target> <name> <header> <library>) defines the target of a library that has no CMake
# package, if its header and the library are installed.
macro(_cohort_import_library imported name header library)
  find_path(COHORT_${name}_INCLUDE_DIRECTORY ${header} PATH_SUFFIXES postgresql)
  find_library(COHORT_${name} ${library})
  if(NOT TARGET ${imported} AND COHORT_${name}_INCLUDE_DIRECTORY AND COHORT_${name})
    add_library(${imported} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(${imported} PROPERTIES IMPORTED_LOCATION "${COHORT_${name}}"
      INTERFACE_INCLUDE_DIRECTORIES "${COHORT_${name}_INCLUDE_DIRECTORY}")
  endif()
endmacro()

# cohort_find_optional_library(<imported target> <variable>) defines the target if its library is installed. Sets the
# variable to the name of the library's Debian package, and <variable>_pkg_config to the name of its .pc file.
macro(cohort_find_optional_library target package)
  if("${target}" STREQUAL "libpq::libpq")
    # CMake's FindPostgreSQL module also requires the headers of the server.
    set(${package} libpq-dev)
    set(${package}_pkg_config libpq)
    _cohort_import_library(libpq::libpq LIBPQ libpq-fe.h pq)
  elseif("${target}" STREQUAL "RdKafka::rdkafka")
    # librdkafka's own CMake package also calls this target `RdKafka::rdkafka`. Debian does not install that package.
    set(${package} librdkafka-dev)
    set(${package}_pkg_config rdkafka)
    _cohort_import_library(RdKafka::rdkafka LIBRDKAFKA librdkafka/rdkafka.h rdkafka)
  elseif("${target}" STREQUAL "SQLite::SQLite3")
    set(${package} libsqlite3-dev)
    set(${package}_pkg_config sqlite3)
    find_package(SQLite3 3.37 QUIET)
  else()
    message(FATAL_ERROR "core/cmake/packages.cmake has no optional package for the target ${target}")
  endif()
endmacro()

# _cohort_link_archive(<imported target> <name>) links the static library <name>, on which the target's static library
# depends. A shared library loads its dependencies itself.
macro(_cohort_link_archive target name)
  find_library(COHORT_ARCHIVE_${name} ${name} REQUIRED)
  set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES "${COHORT_ARCHIVE_${name}}")
endmacro()

# cohort_find_library(<imported target>) finds the package that defines the target.
macro(cohort_find_library target)
  if(NOT TARGET ${target})
    if("${target}" STREQUAL "Threads::Threads")
      set(THREADS_PREFER_PTHREAD_FLAG ON)
      cohort_find_package(Threads DEBIAN libc6-dev)
    elseif("${target}" STREQUAL "Boost::headers")
      cohort_find_package(Boost 1.81 DEBIAN "libboost1.81-dev (Debian 12) or libboost1.88-dev (Debian 13)")
    elseif("${target}" STREQUAL "Boost::url")
      cohort_find_package(Boost 1.81 COMPONENTS url
        DEBIAN "libboost-url1.81-dev (Debian 12) or libboost-url1.88-dev (Debian 13)")
    elseif("${target}" MATCHES "^OpenSSL::")
      cohort_find_package(OpenSSL 3.0 DEBIAN libssl-dev)
    elseif("${target}" STREQUAL "ZLIB::ZLIB")
      cohort_find_package(ZLIB DEBIAN zlib1g-dev)
    elseif("${target}" STREQUAL "Brotli::encoder")
      # Brotli has no CMake package.
      find_path(COHORT_BROTLI_INCLUDE_DIRECTORY brotli/encode.h)
      find_library(COHORT_BROTLI_ENCODER brotlienc)
      if(NOT COHORT_BROTLI_INCLUDE_DIRECTORY OR NOT COHORT_BROTLI_ENCODER)
        message(FATAL_ERROR "Cohort needs brotli. On Debian: apt-get install libbrotli-dev. To build without Brotli: "
          "-DCOHORT_BROTLI=OFF")
      endif()
      add_library(Brotli::encoder UNKNOWN IMPORTED GLOBAL)
      set_target_properties(Brotli::encoder PROPERTIES IMPORTED_LOCATION "${COHORT_BROTLI_ENCODER}"
        INTERFACE_INCLUDE_DIRECTORIES "${COHORT_BROTLI_INCLUDE_DIRECTORY}")
      if(COHORT_STATIC)
        _cohort_link_archive(Brotli::encoder brotlicommon)
      endif()
    elseif("${target}" STREQUAL "simdjson::simdjson")
      # The CMake package of simdjson accepts only the same minor version: a request for 3.0 would reject 3.12.
      cohort_find_package(simdjson DEBIAN libsimdjson-dev)
      if(COHORT_STATIC)
        # The CMake package has a separate target for the static library.
        get_target_property(_cohort_archive simdjson::simdjson_static LOCATION)
        set_target_properties(simdjson::simdjson PROPERTIES IMPORTED_LOCATION_RELEASE "${_cohort_archive}")
      endif()
    elseif("${target}" STREQUAL "prometheus-cpp::headers")
      # The data model of metrics is defined in the headers of prometheus-cpp, so its library is not linked.
      find_path(COHORT_PROMETHEUS_INCLUDE_DIRECTORY prometheus/metric_family.h)
      if(NOT COHORT_PROMETHEUS_INCLUDE_DIRECTORY)
        message(FATAL_ERROR "Cohort needs prometheus-cpp. On Debian: apt-get install prometheus-cpp-dev")
      endif()
      add_library(prometheus-cpp::headers INTERFACE IMPORTED GLOBAL)
      set_target_properties(prometheus-cpp::headers PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${COHORT_PROMETHEUS_INCLUDE_DIRECTORY}")
    elseif("${target}" STREQUAL "PkgConfig::utf8proc")
      # utf8proc has no CMake package.
      cohort_find_package(PkgConfig DEBIAN pkgconf)
      pkg_check_modules(utf8proc QUIET IMPORTED_TARGET GLOBAL libutf8proc)
      if(NOT utf8proc_FOUND)
        message(FATAL_ERROR "Cohort needs utf8proc. On Debian: apt-get install libutf8proc-dev")
      endif()
    elseif("${target}" STREQUAL "libpq::libpq")
      cohort_find_optional_library(libpq::libpq _cohort_DEBIAN)
      if(NOT TARGET libpq::libpq)
        message(FATAL_ERROR "cohort::postgres needs libpq. On Debian: apt-get install libpq-dev")
      endif()
    elseif("${target}" STREQUAL "RdKafka::rdkafka")
      cohort_find_optional_library(RdKafka::rdkafka _cohort_DEBIAN)
      if(NOT TARGET RdKafka::rdkafka)
        message(FATAL_ERROR "cohort::kafka needs librdkafka 2.0. On Debian: apt-get install librdkafka-dev")
      endif()
    elseif("${target}" STREQUAL "SQLite::SQLite3")
      cohort_find_package(SQLite3 3.37 DEBIAN libsqlite3-dev)
    elseif("${target}" STREQUAL "CLI11::CLI11")
      cohort_find_package(CLI11 DEBIAN libcli11-dev)
    else()
      message(FATAL_ERROR "core/cmake/packages.cmake has no package for the target ${target}")
    endif()
  endif()
endmacro()
