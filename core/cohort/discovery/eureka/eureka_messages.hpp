// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// The endpoints in the response of `/apps/APPLICATION`
/// (https://github.com/Netflix/eureka/wiki/Eureka-REST-operations): the instances with status UP, at their port, or at
/// their secure port if `secure`. Empty if `json` is not a valid response.
std::optional<endpoint_list> parse_eureka_application(std::string_view json, bool secure);

}  // namespace cohort::discovery
