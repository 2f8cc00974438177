// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/net/network.hpp>

/// Messages of etcd's API, version 3, as its gateway encodes them in JSON (https://etcd.io/docs/v3.6/dev-guide/
/// api_grpc_gateway/): bytes are Base64, 64-bit integers are strings, and fields with their default value are absent.
namespace cohort::discovery {

/// A key-value pair from a range response or a watch event.
struct etcd_key_value {
  std::string key;
  std::string value;
  /// Whether the key was deleted or its lease has expired.
  bool is_deleted = false;
};

struct etcd_range_response {
  std::int64_t revision = 0;
  std::vector<etcd_key_value> key_values;
};
/// Empty if the text is not the response of `/v3/kv/range`.
std::optional<etcd_range_response> parse_etcd_range(std::string_view json);

/// One message of a watch.
struct etcd_watch_message {
  std::int64_t revision = 0;
  bool is_created = false;
  /// Whether the server has cancelled the watch: the revision was compacted, or `cancel_reason` states why.
  bool is_cancelled = false;
  std::string cancel_reason;
  std::vector<etcd_key_value> events;
};
/// Empty if the text is not a message of `/v3/watch`. An error of the gateway is a cancelled watch.
std::optional<etcd_watch_message> parse_etcd_watch(std::string_view json);

/// The ID of the lease in the response of `/v3/lease/grant`; empty if there is none.
std::optional<std::string> parse_etcd_lease_grant(std::string_view json);
/// Whether the lease is alive according to the response of `/v3/lease/keepalive`; empty if the text is not a valid
/// response.
std::optional<bool> parse_etcd_keepalive(std::string_view json);

/// The request of a range or a watch over all keys with this prefix, which must not be empty. For a watch,
/// `start_revision` is the first revision of interest.
std::string etcd_range_request(std::string_view prefix);
std::string etcd_watch_request(std::string_view prefix, std::int64_t start_revision);
std::string etcd_put_request(std::string_view key, std::string_view value, const std::string& lease);
/// A transaction that sets the key unless it exists.
std::string etcd_put_if_absent_request(std::string_view key, std::string_view value, const std::string& lease);

/// The value of an instance's key: `{"host":"10.0.0.1","port":5001}`, the SkyDNS format, which CoreDNS's etcd plugin
/// also supports.
std::string etcd_instance_value(const net::endpoint& address);
/// Parses the value of an instance's key, in the SkyDNS format or as `IP:PORT`. Empty for any other string.
std::optional<net::endpoint> parse_etcd_instance(std::string_view value);

}  // namespace cohort::discovery
