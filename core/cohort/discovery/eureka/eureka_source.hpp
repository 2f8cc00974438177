// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/discovery/registrar.hpp>

namespace cohort::discovery {

/// Polls the instances of an application in Eureka, which does not support watches.
class eureka_source final : public endpoint_source {
 public:
  static constexpr duration poll_interval = std::chrono::seconds{5};

  /// `transport` must outlive the source.
  eureka_source(http::client& transport, const service_target& target);

  task<result<endpoint_list, source_error>> next() override;

 private:
  api_client api_;
  std::string application_target_;
  bool is_secure_;
  /// The time of the next request; empty before the first response.
  std::optional<time_point> next_poll_;
};

/// Registers a replica in Eureka, with heartbeats.
class eureka_registrar final : public registrar {
 public:
  /// `path` is the path of the API without leading and trailing slashes, such as `eureka`.
  eureka_registrar(http::client& transport, boost::urls::url server, std::string_view path,
                   const service_instance& instance, std::chrono::seconds ttl);

  task<std::optional<source_error>> renew() override;
  task<std::optional<source_error>> deregister() override;
  duration renewal_interval() const noexcept override { return duration{ttl_} / 3; }

 private:
  api_client api_;
  std::string application_target_;
  std::string instance_target_;
  std::string registration_;
  std::chrono::seconds ttl_;
  bool is_registered_ = false;
};

}  // namespace cohort::discovery
