# SPDX-License-Identifier: BSL-1.0
# `cmake --install`, find_package(cohort), pkg-config and Debian packages.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cohort")
get_property(all_modules GLOBAL PROPERTY COHORT_MODULES)
set(known_modules "")
get_property(optional_modules GLOBAL PROPERTY COHORT_OPTIONAL_MODULES)
foreach(module IN LISTS all_modules optional_modules)
  set(component libcohort-dev)
  if(module IN_LIST optional_modules)
    set(component libcohort-${module}-dev)
  endif()
  install(TARGETS cohort_${module} EXPORT cohort-${module}-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${component}
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${component})
  install(EXPORT cohort-${module}-targets NAMESPACE cohort:: DESTINATION "${package_dir}" COMPONENT ${component})
  get_property(modules GLOBAL PROPERTY COHORT_${module}_MODULES)
  get_property(libraries GLOBAL PROPERTY COHORT_${module}_LIBRARIES)
  string(APPEND known_modules
    "set(_cohort_${module}_modules ${modules})\nset(_cohort_${module}_libraries ${libraries})\n")
endforeach()
string(APPEND known_modules "set(_cohort_optional_modules ${optional_modules})\n")
string(APPEND known_modules "set(_cohort_all_modules ${all_modules})\n")

# Another Boost version has other class layouts.
get_property(boost_version GLOBAL PROPERTY COHORT_BOOST_VERSION)
string(REGEX MATCH "^[0-9]+\\.[0-9]+" boost_version "${boost_version}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/cohort-config.cmake.in" cohort-config.cmake
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(cohort-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cohort-config.cmake" "${CMAKE_CURRENT_BINARY_DIR}/cohort-config-version.cmake"
    "${CMAKE_CURRENT_LIST_DIR}/packages.cmake"
  DESTINATION "${package_dir}" COMPONENT libcohort-dev)

set(brotli_requirement "")
set(brotli_package "")
if(COHORT_BROTLI)
  set(brotli_requirement "libbrotlienc, ")
  set(brotli_package "libbrotli-dev, ")
endif()
set(archives "")
foreach(module IN LISTS all_modules)
  string(PREPEND archives "-lcohort_${module} ")
endforeach()
configure_file("${CMAKE_CURRENT_LIST_DIR}/cohort.pc.in" cohort.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cohort.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT libcohort-dev)

# Each optional module has a separate file: `pkg-config --libs cohort-postgres`.
set(optional_components "")
foreach(module IN LISTS optional_modules)
  get_property(requirements GLOBAL PROPERTY COHORT_${module}_PKG_CONFIG)
  list(JOIN requirements ", " pkg_config_requirement)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/cohort-module.pc.in" cohort-${module}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/cohort-${module}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT libcohort-${module}-dev)
  list(APPEND optional_components libcohort-${module}-dev)
endforeach()

foreach(component libcohort-dev ${optional_components} cohort-services cohort-loadgen)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${component}"
    RENAME copyright COMPONENT ${component})
endforeach()
if(COHORT_SERVICES)
  get_property(programs GLOBAL PROPERTY COHORT_SERVICE_PROGRAMS)
  install(TARGETS ${programs} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT cohort-services)
endif()
if(COHORT_LOADGEN)
  install(TARGETS loadgen RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT cohort-loadgen)
endif()

# ---- `cpack -G DEB`
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cohort)
set(CPACK_PACKAGE_CONTACT "The Cohort developers <cohort@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL libcohort-dev ${optional_components})
if(COHORT_SERVICES)
  list(APPEND CPACK_COMPONENTS_ALL cohort-services)
endif()
if(COHORT_LOADGEN)
  list(APPEND CPACK_COMPONENTS_ALL cohort-loadgen)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBCOHORT-DEV_PACKAGE_NAME libcohort-dev)
set(CPACK_DEBIAN_LIBCOHORT-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBCOHORT-DEV_DESCRIPTION "C++20 coroutine server framework (static libraries and headers)
 Cohort gives every request a deadline that every co_await below it observes.")
set(CPACK_DEBIAN_LIBCOHORT-DEV_PACKAGE_DEPENDS "${brotli_package}libboost${boost_version}-dev, libboost-url${boost_version}-dev, \
libcli11-dev, libsimdjson-dev, libssl-dev, prometheus-cpp-dev, zlib1g-dev")
foreach(module IN LISTS optional_modules)
  string(TOUPPER "LIBCOHORT-${module}-DEV" component)
  get_property(packages GLOBAL PROPERTY COHORT_${module}_PACKAGES)
  list(JOIN packages ", " packages)
  set(CPACK_DEBIAN_${component}_PACKAGE_NAME libcohort-${module}-dev)
  set(CPACK_DEBIAN_${component}_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_${component}_PACKAGE_DEPENDS "libcohort-dev (= ${PROJECT_VERSION}), ${packages}")
  set(CPACK_DEBIAN_${component}_DESCRIPTION "Cohort's optional module ${module} (static library and headers)
 Adds cohort::${module} to libcohort-dev.")
endforeach()
set(CPACK_DEBIAN_COHORT-SERVICES_PACKAGE_NAME cohort-services)
set(CPACK_DEBIAN_COHORT-SERVICES_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COHORT-SERVICES_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COHORT-SERVICES_DESCRIPTION "Cohort's demonstration services: time, system information, weather, dashboard
 Each program explains its flags with --help.")
set(CPACK_DEBIAN_COHORT-LOADGEN_PACKAGE_NAME cohort-loadgen)
set(CPACK_DEBIAN_COHORT-LOADGEN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COHORT-LOADGEN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COHORT-LOADGEN_DESCRIPTION "Open-loop HTTP load generator free of coordinated omission
 It measures response times from the scheduled start of each request.")
include(CPack)
