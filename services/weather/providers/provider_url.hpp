// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <initializer_list>
#include <string_view>

namespace cohort::weather {

/// Returns `base` with these path segments, percent-encoded if necessary. Trailing slashes of `base` are ignored:
/// "http://host/api" and "http://host/api/" are equivalent.
boost::urls::url append_path(boost::urls::url base, std::initializer_list<std::string_view> segments);

}  // namespace cohort::weather
