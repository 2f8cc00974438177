// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/bounds/open_connection.hpp>

namespace cohort::http {
namespace {

/// Minimum time between two searches without a result, each of which visits all connections.
constexpr duration failed_search_pause = std::chrono::milliseconds{10};

/// The time for a header section or a handshake after which the client counts as idle.
constexpr duration default_grace_period = std::chrono::seconds{1};

}  // namespace

void connection_registry::insert(open_connection& new_connection, time_point now) {
  new_connection.position_ = order_.emplace(now, &new_connection);
}

void connection_registry::erase(open_connection& connection) noexcept {
  (connection.is_closing_ ? closing_connections_ : order_).erase(connection.position_);
}

std::vector<open_connection*> connection_registry::all() const {
  std::vector<open_connection*> connections;
  connections.reserve(order_.size() + closing_connections_.size());
  for (const auto& entry : order_) connections.push_back(entry.second);
  for (const auto& entry : closing_connections_) connections.push_back(entry.second);
  return connections;
}

void connection_registry::begin_closing(open_connection& connection, time_point now) noexcept {
  auto node = order_.extract(connection.position_);
  node.key() = now;
  connection.position_ = closing_connections_.insert(std::move(node));
  connection.is_closing_ = true;
}

bool connection_registry::shed_oldest_closing() {
  if (closing_connections_.empty()) return false;
  auto node = closing_connections_.extract(closing_connections_.begin());
  auto& connection = *node.mapped();
  // This key excludes the connection from all searches until it is erased.
  node.key() = time_point::max();
  connection.position_ = order_.insert(std::move(node));
  connection.is_closing_ = false;
  connection.shed();
  return true;
}

std::optional<idle_state> connection_registry::shed_oldest(time_point now, bool is_urgent) {
  auto& next_search = is_urgent ? next_urgent_search_ : next_search_;
  if (now < next_search) return std::nullopt;
  const auto grace_period = is_urgent ? duration::zero() : default_grace_period;
  const auto busy_key = now + duration{1};
  while (!order_.empty() && order_.begin()->first < busy_key) {
    auto& candidate = *order_.begin()->second;
    const auto idle = candidate.idle(now, grace_period);
    if (idle && idle->since <= candidate.position_->first) {
      candidate.shed();
      return idle->state;
    }
    auto node = order_.extract(order_.begin());
    node.key() = idle ? idle->since : busy_key;
    candidate.position_ = order_.insert(std::move(node));
  }
  next_search = now + failed_search_pause;
  return std::nullopt;
}

}  // namespace cohort::http
