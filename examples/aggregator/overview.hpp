// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <memory>
#include <vector>

#include <cohort/service/service.hpp>

namespace aggregator {

struct upstream_part {
  cohort::http::upstream caller;
  boost::urls::url base;
  cohort::duration timeout;
};
/// The product, its price and its reviews.
using parts = std::vector<upstream_part>;

/// `GET /api/product/{id}`
cohort::task<cohort::http::response> show_overview(std::shared_ptr<parts> upstreams,
                                                   cohort::http::request_context& context);

}  // namespace aggregator
