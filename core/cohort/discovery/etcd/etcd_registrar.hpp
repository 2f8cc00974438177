// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/discovery/registrar.hpp>

namespace cohort::discovery {

/// Registers a replica in etcd, as the key `/PREFIX/SERVICE/INSTANCE` with a lease. Each renewal keeps the lease alive
/// and restores the key if it was deleted; a lease that has expired is replaced.
class etcd_registrar final : public registrar {
 public:
  /// `transport` must outlive the registrar.
  etcd_registrar(http::client& transport, boost::urls::url server, std::string_view prefix,
                 const service_instance& instance, std::chrono::seconds ttl);

  task<std::optional<source_error>> renew() override;
  task<std::optional<source_error>> deregister() override;
  duration renewal_interval() const noexcept override { return duration{ttl_} / 3; }

 private:
  task<std::optional<source_error>> register_instance();
  task<std::optional<source_error>> keep_alive();
  /// Sends one request of a renewal, with a timeout shorter than the renewal interval.
  task<result<http::client_response, source_error>> send(std::string target, std::string body);

  api_client api_;
  std::string key_;
  std::string value_;
  std::chrono::seconds ttl_;
  /// The ID of the lease; empty if there is none.
  std::string lease_;
};

}  // namespace cohort::discovery
