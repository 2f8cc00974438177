# SPDX-License-Identifier: BSL-1.0
# Hardening flags of the programs; enabled in the image and in the preset `release`. A project that uses Cohort keeps its own flags.
# tests/hardening/check verifies each property of the built programs.
#
# Control-flow integrity of Clang (-fsanitize=cfi) is not used. -fsanitize=cfi requires link-time optimization, and a
# C++ library that is built with this option. Debian provides no such library.
option(COHORT_HARDENING "Build the programs with hardening flags (as in the image)" OFF)

set(COHORT_HARDENING_COMPILE_OPTIONS
  -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND COHORT_HARDENING_COMPILE_OPTIONS -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND COHORT_HARDENING_COMPILE_OPTIONS -mbranch-protection=standard)
endif()
set(COHORT_HARDENING_LINK_OPTIONS -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
if(NOT COHORT_STATIC)
  list(APPEND COHORT_HARDENING_LINK_OPTIONS -pie)
endif()

# Sets the hardening flags of a program or of a library of programs. Targets with the same precompiled header must have
# the same flags.
function(cohort_harden target)
  if(NOT COHORT_HARDENING)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${COHORT_HARDENING_COMPILE_OPTIONS})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE ${COHORT_HARDENING_LINK_OPTIONS})
  endif()
endfunction()
