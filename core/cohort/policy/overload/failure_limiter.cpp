// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/failure_limiter.hpp>

#include <algorithm>

namespace cohort::policy {

failure_limiter::failure_limiter(std::size_t max_failures, duration window, std::size_t max_clients)
    : max_failures_(max_failures), window_(window), max_clients_(max_clients) {}

void failure_limiter::evict_oldest() {
  windows_by_client_.erase(windows_.front().client);
  windows_.pop_front();
}

std::optional<duration> failure_limiter::record(std::string_view client, time_point now) {
  while (!windows_.empty() && now - windows_.front().begin >= window_) evict_oldest();
  auto known = windows_by_client_.find(client);
  if (known == windows_by_client_.end()) {
    if (windows_.size() >= max_clients_) evict_oldest();
    windows_.push_back({std::string{client}, now});
    known = windows_by_client_.emplace(windows_.back().client, std::prev(windows_.end())).first;
  }
  auto& current = *known->second;
  if (current.failures >= max_failures_) return std::max(current.begin + window_ - now, duration{1});
  ++current.failures;
  return std::nullopt;
}

}  // namespace cohort::policy
