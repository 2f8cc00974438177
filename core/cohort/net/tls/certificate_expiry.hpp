// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::net {

/// Returns the earliest expiry time (`notAfter`) of the certificates of a PEM text; empty if there is no certificate.
std::optional<wall_time> find_expiry(const std::string& certificates);

}  // namespace cohort::net
