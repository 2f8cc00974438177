// SPDX-License-Identifier: BSL-1.0
// The heavy headers that most tests need, parsed once. Nothing of Cohort: a change here rebuilds every test.
#pragma once

#include "../core/precompiled.hpp"

#include <simdjson.h>
#include <boost/url/url.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <filesystem>
#include <ranges>
#include <thread>
