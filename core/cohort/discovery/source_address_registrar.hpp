// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/registrar.hpp>

namespace cohort::discovery {

/// A registrar for a replica that listens on a wildcard address: it registers the local address of its connection to
/// the discovery system.
class source_address_registrar final : public registrar {
 public:
  using factory = std::function<std::unique_ptr<registrar>(const service_instance&)>;

  /// `network` must outlive the registrar.
  source_address_registrar(net::network& network, registry_target registry, service_instance instance,
                           factory make_registrar);

  task<std::optional<source_error>> renew() override;
  task<std::optional<source_error>> deregister() override;
  duration renewal_interval() const noexcept override { return duration{registry_.ttl} / 3; }

 private:
  net::network& network_;
  registry_target registry_;
  service_instance instance_;
  factory make_registrar_;
  /// Null until the address is known.
  std::unique_ptr<registrar> registrar_;
};

}  // namespace cohort::discovery
