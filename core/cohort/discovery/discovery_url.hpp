// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/config/value_parsers.hpp>
#include <cohort/http/client/client_request.hpp>
#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// The discovery systems, by the schemes of their URLs.
enum class source_kind { dns, srv, etcd, kubernetes, consul, eureka };
/// The URL scheme of a discovery system.
std::string_view to_string(source_kind kind) noexcept;

/// A service in a discovery system. Its URL is one of
///
///     dns://HOST[:PORT]                         A and AAAA records, by their TTL
///     srv://_http._tcp.DOMAIN                   SRV records (RFC 2782), by their TTL
///     etcd://HOST[:2379]/PREFIX/SERVICE         keys below the prefix, watched
///     kubernetes://NAMESPACE/SERVICE[:PORT]     EndpointSlices, watched; PORT is a name or a number
///     consul://HOST[:8500]/SERVICE              instances that pass their checks, watched
///     eureka://HOST[:8761][/PATH]/APPLICATION   instances that are UP, polled; PATH is `eureka` by default
///
/// with options in its query: `tls=true` (requests to the service use https) and, by scheme, `server=IP[:PORT]` (dns,
/// srv: the name server), `server-tls=true` (etcd, consul, eureka: the discovery system itself is accessed by https),
/// `tag=…`, `dc=…` (consul) and `api=URL` (kubernetes: the API server, by default the API server of the pod's cluster).
struct service_target {
  source_kind kind = source_kind::dns;
  /// The URL of the discovery system, `http://HOST:PORT` or `https://…`. Empty for dns, srv and kubernetes.
  boost::urls::url server;
  /// The name of the service in the discovery system: host, SRV name, key, `SERVICE[:PORT]`, application.
  std::string name;
  /// kubernetes: the namespace. eureka: the path.
  std::string scope;
  std::map<std::string, std::string, std::less<>> options;
  /// The origin of the requests to the service: https with `tls=true`; the host is the last part of the name.
  http::origin requests;

  /// The value of an option; an empty string if it is not set.
  std::string option(std::string_view name) const;
  friend bool operator==(const service_target&, const service_target&) = default;
};

/// Parses the URL of a service. Empty if the scheme is unknown or a part of the URL is invalid.
std::optional<service_target> parse_service_target(const boost::urls::url& url);

/// The discovery system in which a program registers its services: `etcd://HOST[:2379]/PREFIX`, `consul://HOST[:8500]`
/// or `eureka://HOST[:8761][/PATH]`, with the options `ttl=SECONDS` (2 to 3600) and `server-tls=true`.
struct registry_target {
  source_kind kind = source_kind::etcd;
  boost::urls::url server;
  /// etcd: the prefix of the keys, which have the form `/PREFIX/SERVICE/INSTANCE`. eureka: the path.
  std::string scope;
  /// Time after which the discovery system removes a replica whose registration is not renewed.
  std::chrono::seconds ttl{10};
};

std::optional<registry_target> parse_registry_target(std::string_view text);

/// The URL of an upstream service: http or https, or a URL that `parse_service_target` accepts.
config::value_parser<boost::urls::url> service_url();
/// The URL of a discovery system for registration.
config::value_parser<registry_target> registry_url();
/// The address under which a replica registers: `IP` (port 0: the port on which the replica listens) or `IP:PORT`.
config::value_parser<net::endpoint> instance_address();

}  // namespace cohort::discovery
