// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/idle_connections.hpp>

#include <algorithm>

#include <cohort/policy/same_endpoint.hpp>

namespace cohort::http {

net::stream_ptr idle_connections::take(const net::endpoint& address, time_point now) {
  for (auto it = connections_.end(); it != connections_.begin();) {
    --it;
    if (!policy::same_endpoint(it->address, address)) continue;
    auto stream = std::move(it->stream);
    const bool expired = it->expiry <= now;
    it = connections_.erase(it);
    if (!expired && !stream->is_readable()) return stream;
  }
  return nullptr;
}

void idle_connections::put(const net::endpoint& address, net::stream_ptr stream, time_point expiry,
                           std::size_t max_size) {
  if (connections_.size() >= max_size) connections_.erase(connections_.begin());
  stream->set_deadline(deadline::never());
  stream->watch_idle();
  connections_.push_back({address, std::move(stream), expiry});
}

void idle_connections::close_expired(time_point now, const policy::load_balancer& known) {
  std::erase_if(connections_, [&](const idle_connection& connection) {
    return connection.expiry <= now || !known.contains(connection.address);
  });
}

void idle_connections::close_connections_to(const net::endpoint& address) {
  std::erase_if(connections_, [&](const idle_connection& connection) { return connection.address == address; });
}

std::size_t idle_connections::count_connections_to(const net::endpoint& address) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(connections_, address, &idle_connection::address));
}

time_point idle_connections::next_expiry() const noexcept {
  return connections_.empty() ? time_point::max() : connections_.front().expiry;
}

}  // namespace cohort::http
