// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/random.hpp>

#include <random>

namespace cohort {

std::uint64_t system_seed() {
  std::random_device device;
  return device() | (std::uint64_t{device()} << 32U);
}

}  // namespace cohort
