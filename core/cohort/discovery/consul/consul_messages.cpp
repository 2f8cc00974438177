// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/consul/consul_messages.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/json_fields.hpp>

namespace cohort::discovery {

using simdjson::dom::element;

std::optional<endpoint_list> parse_consul_services(std::string_view json) {
  return read_json(json, [](element root) -> std::optional<endpoint_list> {
    simdjson::dom::array entries;
    if (root.get(entries) != simdjson::SUCCESS) return std::nullopt;
    endpoint_list list;
    for (const auto entry : entries) {
      element service;
      element node;
      if (entry["Service"].get(service) != simdjson::SUCCESS) return std::nullopt;
      auto address = string_field(service, "Address");
      if (address.empty() && entry["Node"].get(node) == simdjson::SUCCESS) address = string_field(node, "Address");
      const auto port = integer_field(service, "Port");
      const auto parsed = port > 0 ? make_endpoint(address, static_cast<std::uint64_t>(port)) : std::nullopt;
      if (parsed) list.push_back(*parsed);
    }
    return list;
  });
}

}  // namespace cohort::discovery
