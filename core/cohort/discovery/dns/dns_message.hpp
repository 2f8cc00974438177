// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>

namespace cohort::discovery {

/// Types of records: RFC 1035 section 3.2.2, RFC 3596 (AAAA), RFC 2782 (SRV).
enum class dns_type : std::uint16_t { a = 1, cname = 5, soa = 6, aaaa = 28, srv = 33 };

/// Response codes (RFC 1035 section 4.1.1). A response may have a code that is not listed.
enum class dns_code : std::uint8_t { no_error = 0, server_failure = 2, name_error = 3 };

/// A record of a type in `dns_type` and of class IN. The members that follow `ttl` are set for some types only.
struct dns_record {
  /// Lower case, without the trailing dot. The root is an empty string.
  std::string name;
  dns_type type{};
  std::uint32_t ttl = 0;
  /// The address of an A or AAAA record.
  asio::ip::address address{};
  /// The target of a CNAME or SRV record, in the form of `name`.
  std::string target{};
  /// The priority of an SRV record.
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  /// SOA: the TTL of negative responses (RFC 2308 section 4).
  std::uint32_t minimum = 0;
};

struct dns_response {
  std::uint16_t id = 0;
  dns_code code{};
  /// Whether the response was too long for a datagram. A query with a truncated response must be resent over TCP.
  bool is_truncated = false;
  std::vector<dns_record> answers;
  std::vector<dns_record> authority;
  std::vector<dns_record> additional;
};

/// A query for one name, with recursion and with EDNS for responses of up to 1232 bytes (RFC 6891). Empty if `name` is
/// not a valid domain name: labels of 1 to 63 bytes, at most 253 bytes in total.
std::optional<std::string> make_dns_query(std::uint16_t id, std::string_view name, dns_type type);

/// Whether the ID and the question of `response` match those of `query` (RFC 5452 section 9.1).
bool is_dns_response_to(std::string_view query, std::string_view response) noexcept;

/// Parses a response. Records of other types and classes are omitted. Empty if the message is malformed: it is
/// truncated, a name is too long or contains an invalid pointer, or the data of a record has the wrong length.
std::optional<dns_response> parse_dns_response(std::string_view message);

/// The records of one type for a name, with its aliases (CNAME) resolved.
struct dns_records {
  std::vector<dns_record> records;
  /// Seconds for which the records are valid: the smallest TTL of the records and aliases, or the TTL of the negative
  /// response.
  std::uint32_t ttl = 0;
};
/// Selects the answer to a question from a response. The TTL is `max_ttl` if neither a record nor an SOA has one.
dns_records select_dns_records(const dns_response& response, std::string_view name, dns_type type,
                               std::uint32_t max_ttl);

}  // namespace cohort::discovery
