// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <cohort/config/options.hpp>
#include <cohort/http/message/server_limits.hpp>
#include <cohort/http/server/server_shard.hpp>
#include <cohort/net/network_list.hpp>

namespace cohort::service {

/// The settings of a program for connection limits and trusted proxies; see docs/limits.md.
struct connection_options {
  std::int64_t max_connections = http::server_limits{}.max_connections;
  /// No limit if 0.
  std::int64_t max_connections_per_client = http::server_limits{}.max_connections_per_client;
  /// No limit if 0.
  std::int64_t max_requests_per_connection = http::server_limits{}.max_requests_per_connection;
  std::int64_t max_pipelined_requests = http::server_limits{}.max_pipelined_requests;
  net::network_list trusted_proxies;
  /// The PROXY protocol mode: `off`, `optional` or `required`.
  std::string proxy_protocol = "off";
};

/// Adds the flags and environment variables of `settings`, which must outlive `options`.
void add_connection_options(config::options& options, connection_options& settings);

/// Copies these settings to the settings of a server.
void apply_connection_options(const connection_options& options, http::server_settings& settings);

/// The maximum open connections of each service of a process.
struct connection_capacity {
  std::size_t max_connections;
  /// Additional connections for probes.
  std::size_t reserved_connections;
};

/// Divides a process's limit of file descriptors among its services. The descriptors of loops, listeners, logs and
/// connections to upstreams are subtracted first (half of the descriptors, if there are few). Each service has at most
/// `max_connections`.
connection_capacity divide_descriptors(std::size_t descriptors, std::size_t services, std::size_t loops,
                                       std::size_t max_connections);

/// Raises the limit of file descriptors (RLIMIT_NOFILE) to the hard limit and returns it.
std::size_t raise_descriptor_limit() noexcept;

}  // namespace cohort::service
