// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// A replica of a service, for its registration.
struct service_instance {
  /// The name of the service, such as `time-service`.
  std::string service;
  /// The address at which the replica accepts connections. The address must not be a wildcard address.
  net::endpoint address;
  /// Whether the replica accepts only TLS.
  bool secure = false;

  /// A DNS label that identifies the replica within its service: `10-0-0-1-5001`.
  std::string id() const;
};

/// Registers one replica in a discovery system, which removes the replica unless the registration is renewed. Used on
/// one loop.
class registrar {
 public:
  virtual ~registrar() = default;

  /// Registers the replica, or renews the registration; if the discovery system has lost the registration, re-registers
  /// the replica. Returns the error; empty on success. Only one call may run at a time. The registrar must outlive the
  /// call.
  virtual task<std::optional<source_error>> renew() = 0;
  /// Removes the replica. Returns the error; empty on success.
  virtual task<std::optional<source_error>> deregister() = 0;
  /// The interval from a successful `renew` to the next renewal: a third of the time to live, so that two renewals can
  /// fail.
  virtual duration renewal_interval() const noexcept = 0;

 protected:
  registrar() = default;
  registrar(const registrar&) = default;
  registrar& operator=(const registrar&) = default;
};

}  // namespace cohort::discovery
