// SPDX-License-Identifier: BSL-1.0
// The entry point of a libFuzzer program, which contains one target.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/framework/fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cohort::fuzz::targets().front().run({reinterpret_cast<const char*>(data), size});
  return 0;
}
