// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string>

namespace cohort::dashboard {

/// A link of the page to another program, such as Grafana.
struct page_link {
  /// The name of the link in the script of the page.
  std::string name;
  std::string label;
  boost::urls::url url;
};

}  // namespace cohort::dashboard
