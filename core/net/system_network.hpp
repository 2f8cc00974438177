#pragma once

#include "core/net/network.hpp"
#include "core/net/resolver.hpp"

namespace cohort::net {

/// The machine's own network: its resolver and TCP.
class system_network final : public network {
 public:
  system_network() = default;
  explicit system_network(resolver::lookup how, resolver::settings limits = {}) : names_(std::move(how), limits) {}

  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline until) override {
    return names_.resolve(std::move(host), port, until);
  }
  task<result<stream_ptr>> connect(endpoint peer, deadline until) override;

 private:
  resolver names_;
};

}  // namespace cohort::net
