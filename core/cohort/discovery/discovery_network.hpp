// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include <cohort/discovery/watched_service.hpp>
#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// A network in which the names of watched services resolve to their endpoints. All other operations are forwarded to
/// `inner`. Thread-safe after the last `add`.
class discovery_network final : public net::network {
 public:
  /// `inner` must outlive the network.
  explicit discovery_network(net::network& inner) noexcept : inner_(inner) {}

  /// `service` must outlive the network.
  void add(watched_service& service);
  /// The service with this host and port; null if there is none.
  watched_service* find(const std::string& host, std::uint16_t port) const;

  task<result<std::vector<net::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                   deadline resolve_deadline) override;
  task<result<net::stream_ptr>> connect(net::endpoint peer, deadline connect_deadline) override {
    return inner_.connect(peer, connect_deadline);
  }
  task<result<net::stream_ptr>> connect_unix(std::string path, deadline connect_deadline) override {
    return inner_.connect_unix(std::move(path), connect_deadline);
  }

 private:
  net::network& inner_;
  std::map<std::pair<std::string, std::uint16_t>, watched_service*> services_;
};

}  // namespace cohort::discovery
