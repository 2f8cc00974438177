// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/connection_options.hpp>

#include <sys/resource.h>

#include <algorithm>

#include <cohort/config/value_parsers.hpp>

namespace cohort::service {
namespace {

/// Descriptors for connections to upstreams, including idle connections, and for files that are read.
constexpr std::size_t upstream_descriptors = 64;
/// Descriptors for standard streams, listeners, signals and logs.
constexpr std::size_t process_descriptors = 32;
/// Descriptors of each loop, such as epoll, eventfd and timerfd.
constexpr std::size_t descriptors_per_loop = 4;
/// The reserve for probes is at most the number of connections divided by this number.
constexpr std::size_t reserve_divisor = 8;

config::value_parser<net::network_list> networks() {
  return {[](std::string_view text) { return net::network_list::parse(text); },
          "IP addresses, networks such as 10.0.0.0/8, and the words loopback, private and unix, separated by commas"};
}

std::string limit_text(std::int64_t limit) { return std::to_string(limit); }

}  // namespace

void add_connection_options(config::options& options, connection_options& settings) {
  options.add(settings.max_connections,
              {"--max-connections", "MAX_CONNECTIONS",
               "Maximum open connections of a service; near the limit, the oldest idle connections are closed"},
              config::integer(1, 1'000'000),
              limit_text(settings.max_connections) + ", or as many as the limit of file descriptors permits");
  options.add(settings.max_connections_per_client,
              {"--max-connections-per-client", "MAX_CONNECTIONS_PER_CLIENT",
               "Maximum open connections of a client address (IPv6: /64 prefix), except loopback addresses and "
               "trusted proxies; 0: no limit"},
              config::integer(0, 1'000'000), limit_text(settings.max_connections_per_client));
  options.add(settings.max_requests_per_connection,
              {"--max-requests-per-connection", "MAX_REQUESTS_PER_CONNECTION",
               "Maximum requests on a connection, which is then closed; 0: no limit"},
              config::integer(0, 1'000'000'000), limit_text(settings.max_requests_per_connection));
  options.add(settings.max_pipelined_requests,
              {"--max-pipelined-requests", "MAX_PIPELINED_REQUESTS",
               "Maximum pipelined requests that are handled before requests of other connections"},
              config::integer(1, 10'000), limit_text(settings.max_pipelined_requests));
  options.add(settings.trusted_proxies,
              {"--trusted-proxies", "TRUSTED_PROXIES",
               "Proxies whose Forwarded and X-Forwarded-* headers and PROXY protocol headers are trusted"},
              networks(), "none");
  options.add(settings.proxy_protocol,
              {"--proxy-protocol", "PROXY_PROTOCOL",
               "PROXY protocol headers (version 1 and 2) at the start of connections from trusted proxies"},
              config::one_of({"off", "optional", "required"}), settings.proxy_protocol);
}

void apply_connection_options(const connection_options& options, http::server_settings& settings) {
  auto& limits = settings.limits;
  // A single client must not be able to use all connections.
  const auto max_per_client = std::max<std::size_t>(1, limits.max_connections / 2);
  limits.max_connections_per_client =
      std::min(static_cast<std::size_t>(options.max_connections_per_client), max_per_client);
  limits.max_requests_per_connection = static_cast<std::size_t>(options.max_requests_per_connection);
  limits.max_pipelined_requests = static_cast<std::size_t>(options.max_pipelined_requests);
  settings.trusted_proxies = options.trusted_proxies;
  using enum http::proxy_protocol_mode;
  settings.proxy_protocol = options.proxy_protocol == "required"   ? required
                            : options.proxy_protocol == "optional" ? optional
                                                                   : off;
}

connection_capacity divide_descriptors(std::size_t descriptors, std::size_t services, std::size_t loops,
                                       std::size_t max_connections) {
  const auto needed_descriptors = process_descriptors + upstream_descriptors + descriptors_per_loop * loops;
  const auto available_descriptors =
      descriptors > 2 * needed_descriptors ? descriptors - needed_descriptors : descriptors / 2;
  const auto share = std::max<std::size_t>(2, available_descriptors / services);
  const auto reserved_count =
      std::max<std::size_t>(1, std::min(http::server_limits{}.reserved_connections, share / reserve_divisor));
  return {std::min(max_connections, share - reserved_count), reserved_count};
}

std::size_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace cohort::service
