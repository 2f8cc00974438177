// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/eureka/eureka_messages.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/json_fields.hpp>

namespace cohort::discovery {
namespace {

using simdjson::dom::element;

/// Appends the endpoint of an instance that is UP.
void add_instance(element instance, bool secure, endpoint_list& list) {
  if (string_field(instance, "status") != "UP") return;
  element port;
  if (instance[secure ? "securePort" : "port"].get(port) != simdjson::SUCCESS) return;
  const auto number = integer_field(port, "$");
  const auto parsed =
      number > 0 ? make_endpoint(string_field(instance, "ipAddr"), static_cast<std::uint64_t>(number)) : std::nullopt;
  if (parsed) list.push_back(*parsed);
}

}  // namespace

std::optional<endpoint_list> parse_eureka_application(std::string_view json, bool secure) {
  return read_json(json, [secure](element root) -> std::optional<endpoint_list> {
    element application;
    element instances;
    if (root["application"].get(application) != simdjson::SUCCESS) return std::nullopt;
    if (application["instance"].get(instances) != simdjson::SUCCESS) return std::nullopt;
    endpoint_list list;
    simdjson::dom::array array;
    // A single instance may be an object, as older versions encode it.
    if (instances.get(array) != simdjson::SUCCESS) {
      add_instance(instances, secure, list);
      return list;
    }
    for (const auto instance : array) add_instance(instance, secure, list);
    return list;
  });
}

}  // namespace cohort::discovery
