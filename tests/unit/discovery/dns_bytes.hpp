// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/discovery/dns/dns_message.hpp>

// Builds DNS messages, independently of the code under test.
namespace cohort::test {

inline std::string dns_u16(unsigned value) {
  return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
}

inline std::string dns_u32(std::uint32_t value) { return dns_u16(value >> 16U) + dns_u16(value & 0xffffU); }

/// Encodes a name without compression; an empty name is the root.
inline std::string dns_name(std::string_view name) {
  std::string bytes;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    bytes.append(1, static_cast<char>(label.size())).append(label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return bytes + std::string(1, '\0');
}

inline std::string dns_address(const std::string& text) {
  const auto address = boost::asio::ip::make_address(text);
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

/// Encodes a record whose name is given as encoded bytes, which may be a pointer.
inline std::string dns_record_bytes(const std::string& name, discovery::dns_type type, std::uint32_t ttl,
                                    const std::string& data) {
  return name + dns_u16(static_cast<unsigned>(type)) + dns_u16(1) + dns_u32(ttl) +
         dns_u16(static_cast<unsigned>(data.size())) + data;
}

inline std::string dns_srv_data(unsigned priority, unsigned weight, unsigned port, std::string_view target) {
  return dns_u16(priority) + dns_u16(weight) + dns_u16(port) + dns_name(target);
}

inline std::string dns_soa_data(std::uint32_t minimum) {
  return dns_name("ns.test") + dns_name("a.test") + dns_u32(1) + dns_u32(2) + dns_u32(3) + dns_u32(4) +
         dns_u32(minimum);
}

struct dns_sections {
  std::vector<std::string> answers;
  std::vector<std::string> authority;
  std::vector<std::string> additional;
};

/// Returns the response to a query: its ID and question, these flags, and records.
inline std::string dns_response_bytes(const std::string& query, unsigned flags, const dns_sections& sections) {
  const auto question_end = query.find('\0', 12) + 5;
  auto response = query.substr(0, 2) + dns_u16(0x8000U | flags) + dns_u16(1);
  for (const auto* section : {&sections.answers, &sections.authority, &sections.additional}) {
    response += dns_u16(static_cast<unsigned>(section->size()));
  }
  response += query.substr(12, question_end - 12);
  for (const auto* section : {&sections.answers, &sections.authority, &sections.additional}) {
    for (const auto& record : *section) response += record;
  }
  return response;
}

/// A pointer to the name of the question.
inline const std::string dns_question_name{"\xc0\x0c", 2};

}  // namespace cohort::test
