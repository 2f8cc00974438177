// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/json/field_error.hpp>
#include "services/gateway/routes_file/routes_file.hpp"

namespace cohort::gateway {

/// Returns the errors that the types do not exclude: references to upstreams and verifiers that do not exist, and
/// strings that are not a valid URL, policy, path, header field or rate. Empty if the file is valid.
json::decode_errors find_errors(const routes_file& file);

}  // namespace cohort::gateway
