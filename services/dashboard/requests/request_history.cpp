// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/requests/request_history.hpp"

#include <cohort/json/writer.hpp>

namespace cohort::dashboard {

void request_history::add(std::string json) {
  const std::lock_guard lock{mutex_};
  requests_.push_back(std::move(json));
  if (requests_.size() > max_requests) requests_.pop_front();
}

std::string request_history::body() const {
  std::string text;
  json::writer out{text};
  out.open_object().key("requests").open_array();
  const std::lock_guard lock{mutex_};
  for (const auto& request : requests_) out.raw(request);
  out.close_array().close_object();
  return text;
}

}  // namespace cohort::dashboard
