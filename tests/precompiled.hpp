// SPDX-License-Identifier: BSL-1.0
// The heavy headers that most tests need, parsed once. A change of these headers rebuilds every test.
#pragma once

#include "../core/precompiled/service.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>
#include <thread>
