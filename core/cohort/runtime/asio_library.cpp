// SPDX-License-Identifier: BSL-1.0
// Asio, compiled once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>

#include <cohort/runtime/asio_config.hpp>

namespace cohort {
extern const char COHORT_COMPILED_WITH_BOOST = 0;
}
