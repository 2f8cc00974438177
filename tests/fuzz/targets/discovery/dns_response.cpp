// SPDX-License-Identifier: BSL-1.0
// Fuzzes the functions that read responses of a name server: parse_dns_response, select_dns_records and
// is_dns_response_to.
#include <algorithm>

#include <cohort/discovery/dns/dns_message.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::dns_response_target {
namespace {

using discovery::dns_record;
using discovery::dns_type;

constexpr std::size_t max_name_length = 253;
constexpr std::size_t min_record_bytes = 11;
constexpr std::uint32_t max_ttl = 300;

void check_name(const std::string& name) {
  require(name.size() <= max_name_length, "a name has at most 253 characters");
  require(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }), "a name is in lower case");
  std::string_view rest = name;
  while (!rest.empty()) {
    const auto label = rest.substr(0, rest.find('.'));
    require(!label.empty() && label.size() <= 63, "a label has 1 to 63 characters");
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  require(!name.ends_with('.'), "a name has no trailing dot");
}

void check_record(const dns_record& record) {
  check_name(record.name);
  check_name(record.target);
  require(record.ttl <= 0x7fffffffU, "a TTL has 31 bits");
  const bool has_address = record.type == dns_type::a || record.type == dns_type::aaaa;
  require(!has_address || record.address.is_v4() == (record.type == dns_type::a),
          "an address has the family of its type");
}

/// The first line is a name. The start of the input is also parsed as a query.
void check_query(std::string_view input) {
  const auto name = input.substr(0, input.find('\n'));
  if (const auto query = discovery::make_dns_query(1, name, dns_type::srv)) {
    constexpr std::size_t max_query_bytes = 12 + max_name_length + 2 + 4 + min_record_bytes;  // with EDNS
    require(query->size() <= max_query_bytes, "the size of a query is limited");
    require(!name.empty() && name.size() <= max_name_length + 1, "the name of a query has 1 to 253 characters");
  }
  static_cast<void>(discovery::is_dns_response_to(input.substr(0, input.size() / 2), input));
  static_cast<void>(discovery::is_dns_response_to(input, input));
}

void run(std::string_view input) {
  check_query(input);
  const auto response = discovery::parse_dns_response(input);
  const auto query = *discovery::make_dns_query(0x1234, "api.mesh.test", dns_type::a);
  require(!discovery::is_dns_response_to(query, input) || (input.size() >= 12 && input.starts_with("\x12\x34")),
          "a response has the ID of its query");
  if (!response) return;
  const auto total = response->answers.size() + response->authority.size() + response->additional.size();
  require(total * min_record_bytes <= input.size(), "records do not overlap");
  for (const auto* section : {&response->answers, &response->authority, &response->additional}) {
    for (const auto& record : *section) check_record(record);
  }
  for (const auto type : {dns_type::a, dns_type::aaaa, dns_type::srv}) {
    const auto* const name = type == dns_type::a ? "API.mesh.test." : "api.mesh.test";
    const auto found = discovery::select_dns_records(*response, name, type, max_ttl);
    require(found.ttl <= max_ttl, "the TTL is limited");
    require(found.records.size() <= response->answers.size(), "the selected records are part of the answers");
    for (const auto& record : found.records) {
      require(record.type == type && record.ttl >= found.ttl, "selected records have the type, and at least the TTL");
    }
  }
}

const registration fuzz_registration{{.name = "dns_response", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::dns_response_target
