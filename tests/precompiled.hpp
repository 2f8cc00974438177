// SPDX-License-Identifier: BSL-1.0
// Precompiles the headers that most tests need and that take long to compile. A change to these headers rebuilds every
// test.
#pragma once

#include "../core/precompiled/service.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>
#include <thread>
