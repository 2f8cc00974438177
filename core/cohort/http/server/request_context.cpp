// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/request_context.hpp>

#include <stdexcept>

#include <cohort/http/server/router.hpp>

namespace cohort::http {

std::string_view request_context::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters_)
    if (key == name) return value;
  const auto pattern = route_ ? "route " + route_->pattern : std::string{"request without a route"};
  throw std::logic_error{pattern + " has no path parameter {" + std::string{name} + "}"};
}

}  // namespace cohort::http
