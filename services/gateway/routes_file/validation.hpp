// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/json/field_error.hpp>
#include "services/gateway/routes_file/routes_file.hpp"

namespace cohort::gateway {

/// Returns the errors that the types do not exclude: references to nonexistent upstreams and verifiers, and invalid
/// URLs, policies, paths, header fields and rates. Returns an empty result if the file is valid.
json::decode_errors find_errors(const routes_file& file);

}  // namespace cohort::gateway
