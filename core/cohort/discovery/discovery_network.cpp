// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/discovery_network.hpp>

namespace cohort::discovery {

void discovery_network::add(watched_service& service) {
  const auto& requests = service.target().requests;
  services_.emplace(std::pair{requests.host, requests.port}, &service);
}

watched_service* discovery_network::find(const std::string& host, std::uint16_t port) const {
  if (services_.empty()) return nullptr;
  const auto found = services_.find(std::pair{host, port});
  return found == services_.end() ? nullptr : found->second;
}

task<result<std::vector<net::endpoint>>> discovery_network::resolve(std::string host, std::uint16_t port,
                                                                    deadline resolve_deadline) {
  if (auto* service = find(host, port)) return service->endpoints(resolve_deadline);
  return inner_.resolve(std::move(host), port, resolve_deadline);
}

}  // namespace cohort::discovery
