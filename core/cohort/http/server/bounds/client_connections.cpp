// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/bounds/client_connections.hpp>

#include <cohort/net/client_network.hpp>

namespace cohort::http {

client_connections::permit client_connections::acquire(std::string_view client_address) {
  auto network = net::client_network(client_address);
  const std::lock_guard lock{mutex_};
  auto& count = connection_counts_[network];
  if (count >= max_connections_) return {};
  ++count;
  return {*this, std::move(network)};
}

std::size_t client_connections::client_count() const {
  const std::lock_guard lock{mutex_};
  return connection_counts_.size();
}

void client_connections::release(const std::string& network) noexcept {
  const std::lock_guard lock{mutex_};
  const auto found = connection_counts_.find(network);
  if (--found->second == 0) connection_counts_.erase(found);
}

}  // namespace cohort::http
