// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/requests/request_history.hpp"

#include <algorithm>

#include <cohort/json/writer.hpp>

namespace cohort::dashboard {

std::uint64_t request_history::add(std::string json) {
  const std::lock_guard lock{mutex_};
  requests_.emplace_back(++added_, std::move(json));
  if (requests_.size() > max_requests) requests_.pop_front();
  return added_;
}

std::vector<std::pair<std::uint64_t, std::string>> request_history::after(std::uint64_t number) const {
  const std::lock_guard lock{mutex_};
  const auto first = std::ranges::find_if(requests_, [&](const auto& request) { return request.first > number; });
  return {first, requests_.end()};
}

std::string request_history::body() const {
  std::string text;
  json::writer out{text};
  out.open_object().key("requests").open_array();
  const std::lock_guard lock{mutex_};
  for (const auto& request : requests_) out.raw(request.second);
  out.close_array().close_object();
  return text;
}

}  // namespace cohort::dashboard
