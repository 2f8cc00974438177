// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client_response.hpp>

namespace cohort::http {

std::optional<std::string_view> client_response::find(std::string_view name) const noexcept {
  for (const auto& [field_name, value] : fields)
    if (field_name.size() == name.size() && iequals(field_name, name)) return value;
  return std::nullopt;
}

bool is_timeout(const client_result& result) noexcept {
  return result ? result->status == status::gateway_timeout : is_timeout(result.error());
}

}  // namespace cohort::http
