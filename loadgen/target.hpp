#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/http/client_request.hpp"

namespace cohort::loadgen {

/// What requests are sent to.
struct target {
  std::string name;
  http::client_request request;
  /// Its part of all requests, against the other targets' weights.
  unsigned weight = 1;
  /// A text that the body of a good answer contains; any body will do if it is empty.
  std::string expected_text;
};

/// Which target each request goes to: decided by its index, each as evenly spread as its weight lets it be (the smooth
/// weighted round robin of nginx's upstreams).
class rotation {
 public:
  /// More than this in all, once common factors are taken out, is refused by who reads the weights.
  static constexpr std::uint64_t greatest_period = 10'000;

  explicit rotation(const std::vector<target>& targets);

  std::size_t target_of(std::uint64_t index) const noexcept { return order_[index % order_.size()]; }
  std::size_t period() const noexcept { return order_.size(); }

  /// How many of `connections` to `target` belong to worker `worker` of `workers`, who has every `workers`-th request:
  /// in proportion to its requests, one at least if there are any.
  std::size_t share(std::size_t target, std::size_t connections, std::size_t worker, std::size_t workers) const;

 private:
  std::vector<std::size_t> order_;
};

/// After common factors are taken out.
std::uint64_t period_of(const std::vector<target>& targets);

}  // namespace cohort::loadgen
