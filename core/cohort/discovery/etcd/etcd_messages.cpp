// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/etcd/etcd_messages.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/endpoint_text.hpp>
#include <cohort/discovery/json_fields.hpp>
#include <cohort/http/message/base64.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::discovery {
namespace {

using simdjson::dom::element;

std::int64_t revision_of(element response) {
  element header;
  return response["header"].get(header) == simdjson::SUCCESS ? integer_field(header, "revision") : 0;
}

/// Empty unless the key is Base64.
std::optional<etcd_key_value> read_key_value(element source) {
  auto key = http::decode_base64(string_field(source, "key"));
  if (!key) return std::nullopt;
  return etcd_key_value{std::move(*key), http::decode_base64(string_field(source, "value")).value_or(std::string{})};
}

std::optional<etcd_range_response> read_range(element root) {
  etcd_range_response response;
  response.revision = revision_of(root);
  if (response.revision <= 0) return std::nullopt;
  simdjson::dom::array key_values;
  if (root["kvs"].get(key_values) != simdjson::SUCCESS) return response;
  for (const auto each : key_values) {
    auto key_value = read_key_value(each);
    if (!key_value) return std::nullopt;
    response.key_values.push_back(std::move(*key_value));
  }
  return response;
}

std::optional<std::vector<etcd_key_value>> read_events(element watch) {
  std::vector<etcd_key_value> events;
  simdjson::dom::array list;
  if (watch["events"].get(list) != simdjson::SUCCESS) return events;
  for (const auto each : list) {
    element source;
    if (each["kv"].get(source) != simdjson::SUCCESS) return std::nullopt;
    auto key_value = read_key_value(source);
    if (!key_value) return std::nullopt;
    key_value->is_deleted = string_field(each, "type") == "DELETE";
    events.push_back(std::move(*key_value));
  }
  return events;
}

std::optional<etcd_watch_message> read_watch(element root) {
  etcd_watch_message message;
  element watch;
  element error;
  if (root["error"].get(error) == simdjson::SUCCESS) {
    message.is_cancelled = true;
    message.cancel_reason = string_field(error, "message");
    return message;
  }
  if (root["result"].get(watch) != simdjson::SUCCESS) return std::nullopt;
  message.revision = revision_of(watch);
  message.is_created = boolean_field(watch, "created");
  message.is_cancelled = boolean_field(watch, "canceled");
  message.cancel_reason = string_field(watch, "cancel_reason");
  if (integer_field(watch, "compact_revision") > 0) message.cancel_reason = "the revision was compacted";
  auto events = read_events(watch);
  if (!events) return std::nullopt;
  message.events = std::move(*events);
  return message;
}

/// The first key after all keys with this prefix.
std::string prefix_range_end(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');  // up to the last key
  ++prefix.back();
  return prefix;
}

json::writer& add_range(json::writer& out, std::string_view prefix) {
  return out.field("key", http::encode_base64(prefix))
      .field("range_end", http::encode_base64(prefix_range_end(std::string{prefix})));
}

json::writer& add_put(json::writer& out, std::string_view key, std::string_view value, const std::string& lease) {
  return out.open_object()
      .field("key", http::encode_base64(key))
      .field("value", http::encode_base64(value))
      .field("lease", lease)
      .close_object();
}

}  // namespace

std::optional<etcd_range_response> parse_etcd_range(std::string_view json) { return read_json(json, read_range); }

std::optional<etcd_watch_message> parse_etcd_watch(std::string_view json) { return read_json(json, read_watch); }

std::optional<std::string> parse_etcd_lease_grant(std::string_view json) {
  return read_json(json, [](element root) -> std::optional<std::string> {
    const auto id = integer_field(root, "ID");
    if (id == 0) return std::nullopt;
    return std::to_string(id);
  });
}

std::optional<bool> parse_etcd_keepalive(std::string_view json) {
  return read_json(json, [](element root) -> std::optional<bool> {
    element result;
    if (root["result"].get(result) != simdjson::SUCCESS) return std::nullopt;
    return integer_field(result, "TTL") > 0;
  });
}

std::string etcd_range_request(std::string_view prefix) {
  std::string body;
  json::writer out{body};
  add_range(out.open_object(), prefix).close_object();
  return body;
}

std::string etcd_watch_request(std::string_view prefix, std::int64_t start_revision) {
  std::string body;
  json::writer out{body};
  out.open_object().key("create_request").open_object();
  add_range(out, prefix).field("start_revision", std::to_string(start_revision)).close_object().close_object();
  return body;
}

std::string etcd_put_request(std::string_view key, std::string_view value, const std::string& lease) {
  std::string body;
  json::writer out{body};
  add_put(out, key, value, lease);
  return body;
}

std::string etcd_put_if_absent_request(std::string_view key, std::string_view value, const std::string& lease) {
  std::string body;
  json::writer out{body};
  out.open_object().key("compare").open_array().open_object();
  out.field("key", http::encode_base64(key)).field("target", "CREATE").field("create_revision", "0");
  out.close_object().close_array().key("success").open_array().open_object().key("request_put");
  add_put(out, key, value, lease).close_object().close_array().close_object();
  return body;
}

std::string etcd_instance_value(const net::endpoint& address) {
  std::string value;
  json::writer out{value};
  out.open_object().field("host", address.address().to_string()).field("port", address.port()).close_object();
  return value;
}

std::optional<net::endpoint> parse_etcd_instance(std::string_view value) {
  if (const auto plain = parse_endpoint(value)) return plain;
  return read_json(value, [](element root) -> std::optional<net::endpoint> {
    const auto port = integer_field(root, "port");
    return port > 0 ? make_endpoint(string_field(root, "host"), static_cast<std::uint64_t>(port)) : std::nullopt;
  });
}

}  // namespace cohort::discovery
