// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/net/network.hpp>
#include <cohort/net/resolver.hpp>

namespace cohort::net {

/// The operating system's network: `resolver` and TCP sockets. Thread-safe.
class system_network final : public network {
 public:
  system_network() = default;
  explicit system_network(resolver::lookup_function lookup, resolver::settings settings = {})
      : resolver_(std::move(lookup), settings) {}

  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port,
                                              deadline resolve_deadline) override {
    return resolver_.resolve(std::move(host), port, resolve_deadline);
  }
  task<result<stream_ptr>> connect(endpoint peer, deadline connect_deadline) override;
  task<result<stream_ptr>> connect_unix(std::string path, deadline connect_deadline) override;

 private:
  resolver resolver_;
};

}  // namespace cohort::net
