// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/provider_url.hpp"

namespace cohort::weather {

boost::urls::url append_path(boost::urls::url base, std::initializer_list<std::string_view> segments) {
  auto path = base.segments();
  while (!path.empty() && path.back().empty()) path.pop_back();
  for (const auto segment : segments) path.push_back(segment);
  return base;
}

}  // namespace cohort::weather
