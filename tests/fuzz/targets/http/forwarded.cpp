// SPDX-License-Identifier: BSL-1.0
// Fuzzes the request fields that proxies add: Forwarded and X-Forwarded-For.
#include <array>
#include <string>

#include <cohort/http/message/request/forwarded.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::forwarded_target {
namespace {

using namespace http;

void check_forwarded(std::string_view input) {
  const auto hops = parse_forwarded(input);
  if (!hops) return;
  for (const auto& hop : *hops) {
    require(hop.proto.empty() || hop.proto == "http" || hop.proto == "https", "a protocol is http or https");
    require(hop.host.find_first_of(" /?#@\\\r\n") == std::string::npos, "a host has no characters that end it");
  }
  const auto next = parse_forwarded(std::string{input} + ", for=192.0.2.1");
  require(!next || (next->size() == hops->size() + 1 && next->back().address->to_string() == "192.0.2.1"),
          "the last hop was added by the nearest proxy");
}

void check_client(std::string_view input) {
  static const auto trusted = *net::network_list::parse("10.0.0.0/8,192.0.2.1");
  for (const std::string_view name : {"Forwarded", "X-Forwarded-For"}) {
    request_head head;
    head.fields.push_back({field::unknown, name, input});
    const auto client = find_forwarded_client(head, trusted);
    require(!client.is_malformed || (client.address.empty() && client.proto.empty() && client.host.empty()),
            "a malformed field results in no client address");
    require(client.address.empty() || net::parse_address(client.address),
            "the address of a client is a valid IP address");
    // A hop that an untrusted client prepends is ignored.
    const auto prefix = std::string{name == "Forwarded" ? "for=203.0.113.9, " : "203.0.113.9, "};
    const bool is_client =
        !client.is_malformed && !client.address.empty() && !trusted.contains(*net::parse_address(client.address));
    if (!is_client) continue;
    const auto forged_value = prefix + std::string{input};
    head.fields.front().value = forged_value;
    const auto again = find_forwarded_client(head, trusted);
    require(again.is_malformed || again.address == client.address, "a client cannot forge its address");
  }
}

/// Each line is the value of a field; the lines use the names of `names` in turn.
void check_fields(std::string_view input) {
  static const auto trusted = *net::network_list::parse("10.0.0.0/8,192.0.2.1");
  constexpr std::array<std::string_view, 6> names{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                                                  "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"};
  request_head head;
  for (const auto line : lines(input)) {
    head.fields.push_back({field::unknown, names[head.fields.size() % names.size()], line});
  }
  const auto client = find_forwarded_client(head, trusted);
  require(client.proto.empty() || client.proto == "http" || client.proto == "https", "a protocol is http or https");
  require(client.host.find_first_of(" /?#@\\\r\n") == std::string::npos, "a host has no characters that end it");
  require(client.address.empty() || net::parse_address(client.address), "the address of a client is an IP address");
}

void run(std::string_view input) {
  check_forwarded(input);
  check_client(input);
  check_fields(input);
}

const registration fuzz_registration{{.name = "forwarded", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::forwarded_target
