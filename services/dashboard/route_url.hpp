// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string>
#include <string_view>

namespace cohort::dashboard {

/// The URL of a route, such as `/api/time`, below the base URL of a service, which may have a path.
inline boost::urls::url route_url(boost::urls::url base, std::string_view route) {
  std::string path{base.encoded_path()};
  while (path.ends_with('/')) path.pop_back();
  base.set_encoded_path(path + std::string{route});
  return base;
}

}  // namespace cohort::dashboard
