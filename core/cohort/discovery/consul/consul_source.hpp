// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/discovery/registrar.hpp>

namespace cohort::discovery {

/// Watches the instances of a Consul service whose checks pass, with blocking queries
/// (https://developer.hashicorp.com/consul/api-docs/features/blocking).
class consul_source final : public endpoint_source {
 public:
  /// Maximum time for which a blocking query waits for a change.
  static constexpr std::chrono::seconds wait_time{55};
  /// Minimum interval between two blocking queries.
  static constexpr duration min_interval = std::chrono::milliseconds{100};
  /// Minimum interval between two queries while no index of Consul is known: without an index, queries do not block.
  static constexpr duration poll_interval = std::chrono::seconds{1};

  /// `transport` must outlive the source.
  consul_source(http::client& transport, const service_target& target);

  task<result<endpoint_list, source_error>> next() override;

 private:
  api_client api_;
  std::string query_target_;
  /// `X-Consul-Index` of the last response; with 0, the next query returns immediately.
  std::uint64_t index_ = 0;
  std::optional<time_point> last_query_;
};

/// Registers a replica at a Consul agent, with a check that fails if it is not renewed within the time to live.
class consul_registrar final : public registrar {
 public:
  consul_registrar(http::client& transport, boost::urls::url server, const service_instance& instance,
                   std::chrono::seconds ttl);

  task<std::optional<source_error>> renew() override;
  task<std::optional<source_error>> deregister() override;
  duration renewal_interval() const noexcept override { return duration{ttl_} / 3; }

 private:
  task<std::optional<source_error>> put(std::string target, std::string body);

  api_client api_;
  std::string id_;
  std::string registration_;
  std::chrono::seconds ttl_;
  bool is_registered_ = false;
};

}  // namespace cohort::discovery
