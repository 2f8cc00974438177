// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/kubernetes/endpoint_slices.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/json_fields.hpp>

namespace cohort::discovery {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

struct object_metadata {
  std::string name;
  std::string resource_version;
};

object_metadata read_metadata(element object) {
  element metadata;
  if (object["metadata"].get(metadata) != simdjson::SUCCESS) return {};
  return {string_field(metadata, "name"), string_field(metadata, "resourceVersion")};
}

/// The number of the requested port; 0 if the slice does not have it.
std::int64_t find_port(element slice, const std::string& port_name) {
  array ports;
  if (slice["ports"].get(ports) != simdjson::SUCCESS) return 0;
  for (const auto port : ports) {
    const auto number = integer_field(port, "port");
    const auto protocol = string_field(port, "protocol");
    if (!protocol.empty() && protocol != "TCP") continue;
    if (port_name.empty() || string_field(port, "name") == port_name || std::to_string(number) == port_name)
      return number;
  }
  return 0;
}

void add_endpoint(endpoint_slice& slice, element endpoint, std::int64_t port) {
  element conditions;
  bool is_ready = true;
  bool is_serving = true;
  if (endpoint["conditions"].get(conditions) == simdjson::SUCCESS) {
    is_ready = boolean_field(conditions, "ready", true);
    is_serving = boolean_field(conditions, "serving", is_ready) && boolean_field(conditions, "terminating");
  }
  if (!is_ready && !is_serving) return;
  array addresses;
  if (endpoint["addresses"].get(addresses) != simdjson::SUCCESS) return;
  for (const auto address : addresses) {
    std::string_view text;
    if (address.get(text) != simdjson::SUCCESS) continue;
    const auto parsed = make_endpoint(text, static_cast<std::uint64_t>(port));
    // All addresses of an endpoint belong to the same pod. Consumers use the first address.
    if (parsed) (is_ready ? slice.ready : slice.terminating).push_back(*parsed);
    return;
  }
}

endpoint_slice read_slice(element object, const std::string& requested_port) {
  endpoint_slice slice;
  const auto port = find_port(object, requested_port);
  array endpoints;
  if (port <= 0 || object["endpoints"].get(endpoints) != simdjson::SUCCESS) return slice;
  for (const auto endpoint : endpoints) add_endpoint(slice, endpoint, port);
  return slice;
}

}  // namespace

bool endpoint_slices::replace(std::string_view json) {
  const auto is_list = read_json(json, [this](element root) -> std::optional<bool> {
    const auto version = read_metadata(root).resource_version;
    array items;
    if (version.empty() || root["items"].get(items) != simdjson::SUCCESS) return std::nullopt;
    slices_.clear();
    for (const auto item : items) slices_[read_metadata(item).name] = read_slice(item, port_);
    resource_version_ = version;
    return true;
  });
  return is_list.has_value();
}

endpoint_slices::event_result endpoint_slices::apply(std::string_view json) {
  const auto result = read_json(json, [this](element root) -> std::optional<event_result> {
    const auto type = string_field(root, "type");
    element object;
    if (type.empty() || root["object"].get(object) != simdjson::SUCCESS) return std::nullopt;
    if (type == "ERROR") {
      expire();
      return event_result::expired;
    }
    const auto metadata = read_metadata(object);
    if (metadata.resource_version.empty()) return std::nullopt;
    resource_version_ = metadata.resource_version;
    if (type == "DELETED") {
      slices_.erase(metadata.name);
      return event_result::changed;
    }
    if (type != "ADDED" && type != "MODIFIED") return event_result::unchanged;
    slices_[metadata.name] = read_slice(object, port_);
    return event_result::changed;
  });
  return result.value_or(event_result::malformed);
}

endpoint_list endpoint_slices::endpoints() const {
  endpoint_list list;
  for (const auto& [name, slice] : slices_) list.insert(list.end(), slice.ready.begin(), slice.ready.end());
  if (!list.empty()) return list;
  for (const auto& [name, slice] : slices_) list.insert(list.end(), slice.terminating.begin(), slice.terminating.end());
  return list;
}

}  // namespace cohort::discovery
