// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/discovery/etcd/etcd_messages.hpp>
#include <cohort/discovery/http_api/api_client.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::discovery {

/// Watches the endpoints below a prefix in etcd: one range request, then a watch from its revision. A watch that
/// receives no message within `watch_idle_timeout` is restarted, to detect half-open connections and servers that have
/// lost their data.
class etcd_source final : public endpoint_source {
 public:
  static constexpr duration watch_idle_timeout = std::chrono::seconds{30};

  /// `name` is the prefix without leading and trailing slashes. `transport` must outlive the source.
  etcd_source(http::client& transport, boost::urls::url server, std::string_view name, telemetry::logger log);

  task<result<endpoint_list, source_error>> next() override;

 private:
  task<std::optional<source_error>> read_range();
  task<std::optional<source_error>> open_watch();
  /// The next message of the watch; empty after `watch_idle_timeout`, when the watch has been closed.
  task<result<std::optional<etcd_watch_message>, source_error>> read_message();
  void apply(const etcd_key_value& change);
  endpoint_list endpoints() const;

  api_client api_;
  std::string prefix_;
  telemetry::logger log_;
  std::map<std::string, net::endpoint> instances_;
  /// The revision of `instances_`; 0 if a range request is required first.
  std::int64_t revision_ = 0;
  std::optional<line_reader> watch_;
};

}  // namespace cohort::discovery
