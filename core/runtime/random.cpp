#include "core/runtime/random.hpp"

#include <random>

namespace cohort {

std::uint64_t system_seed() {
  std::random_device source;
  return source() | (std::uint64_t{source()} << 32U);
}

}  // namespace cohort
