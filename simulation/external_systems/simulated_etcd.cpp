// SPDX-License-Identifier: BSL-1.0
#include "simulation/external_systems/simulated_etcd.hpp"

#include <algorithm>
#include <utility>

#include <cohort/http/message/base64.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::simulation {
namespace {

using simdjson::dom::element;

/// Returns the text at a path of member names; empty if the path does not exist.
std::string string_member(std::string_view json, std::initializer_list<const char*> path) {
  element at;
  if (!json::parse_document(json, at)) return {};
  for (const auto* name : path) {
    simdjson::dom::array array;
    if (at.get(array) == simdjson::SUCCESS) at = *array.begin();
    if (at[name].get(at) != simdjson::SUCCESS) return {};
  }
  std::string_view text;
  return at.get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

std::string decode_member(std::string_view json, std::initializer_list<const char*> path) {
  return http::decode_base64(string_member(json, path)).value_or("");
}

http::response make_json_response(std::string body) {
  return http::response{}.body(std::move(body), "application/json");
}

std::string key_value_json(const std::string& key, const std::string& value) {
  std::string text;
  json::writer{text}
      .open_object()
      .field("key", http::encode_base64(key))
      .field("value", http::encode_base64(value))
      .close_object();
  return text;
}

}  // namespace

http::router simulated_etcd::router() {
  was_restarted_ = true;
  http::router routes;
  const auto add = [&](const char* path, http::response (simulated_etcd::*operation)(std::string_view)) {
    routes.post(path, [this, operation](http::request_context& request) {
      end_expired_leases();
      return (this->*operation)(request.body());
    });
  };
  add("/v3/kv/range", &simulated_etcd::range);
  add("/v3/kv/txn", &simulated_etcd::transaction);
  add("/v3/watch", &simulated_etcd::watch);
  add("/v3/lease/grant", &simulated_etcd::grant);
  add("/v3/lease/keepalive", &simulated_etcd::keep_alive);
  add("/v3/lease/revoke", &simulated_etcd::revoke);
  routes.post("/v3/kv/put", [this](http::request_context& request) {
    put_body(request.body());
    return make_json_response("{" + header() + "}");
  });
  return routes;
}

std::string simulated_etcd::header() const {
  return R"("header":{"cluster_id":"14841639068965178418","revision":")" + std::to_string(revision_) + R"("})";
}

void simulated_etcd::add_change(std::string key, std::string value, bool is_deleted) {
  changes_.push_back({++revision_, std::move(key), std::move(value), is_deleted});
  change_event_.set();
  change_event_.reset();
}

void simulated_etcd::put(const std::string& key, const std::string& value, const std::string& lease) {
  values_[key] = {value, lease};
  add_change(key, value, false);
}

void simulated_etcd::erase(const std::string& key) {
  if (values_.erase(key) > 0) add_change(key, {}, true);
}

void simulated_etcd::erase_all_data() {
  values_.clear();
  leases_.clear();
  changes_.clear();
  revision_ = 1;
  change_event_.set();
  change_event_.reset();
}

void simulated_etcd::compact() {
  compacted_revision_ = revision_;
  change_event_.set();
  change_event_.reset();
}

std::map<std::string, std::string> simulated_etcd::values() const {
  std::map<std::string, std::string> values;
  for (const auto& [key, stored] : values_) values[key] = stored.value;
  return values;
}

void simulated_etcd::put_body(std::string_view body) {
  put(decode_member(body, {"key"}), decode_member(body, {"value"}), string_member(body, {"lease"}));
}

http::response simulated_etcd::range(std::string_view body) {
  ++range_request_count_;
  const auto first = decode_member(body, {"key"});
  const auto end = decode_member(body, {"range_end"});
  std::string key_values;
  for (const auto& [key, stored] : values_) {
    if (key >= first && key < end)
      key_values.append(key_values.empty() ? "" : ",").append(key_value_json(key, stored.value));
  }
  return make_json_response("{" + header() + (key_values.empty() ? "" : ",\"kvs\":[" + key_values + "]") + "}");
}

http::response simulated_etcd::transaction(std::string_view body) {
  const auto key = decode_member(body, {"compare", "key"});
  if (!values_.contains(key)) {
    put(key, decode_member(body, {"success", "request_put", "value"}),
        string_member(body, {"success", "request_put", "lease"}));
  }
  return make_json_response("{" + header() + "}");
}

http::response simulated_etcd::watch(std::string_view body) {
  ++opened_watch_count_;
  const auto prefix = decode_member(body, {"create_request", "key"});
  const auto next = std::stoll(string_member(body, {"create_request", "start_revision"}));
  http::response response;
  response.stream([this, prefix, next](http::body_writer& out) { return stream_changes(out, prefix, next); },
                  "application/json");
  return response;
}

task<> simulated_etcd::stream_changes(http::body_writer& out, std::string prefix, std::int64_t next_revision) {
  auto create_task = out.write("{\"result\":{" + header() + ",\"created\":true}}\n");
  co_await std::move(create_task);
  while (out.ok() && !out.draining()) {
    if (next_revision <= compacted_revision_) {
      auto cancel_task = out.write("{\"result\":{" + header() + ",\"canceled\":true,\"compact_revision\":\"" +
                                   std::to_string(compacted_revision_) + "\"}}\n");
      co_await std::move(cancel_task);
      co_return;
    }
    std::string events;
    for (const auto& change : changes_) {
      if (change.revision < next_revision || !change.key.starts_with(prefix)) continue;
      events.append(events.empty() ? "{" : ",{").append(change.is_deleted ? R"("type":"DELETE",)" : "");
      events.append("\"kv\":" + key_value_json(change.key, change.value) + "}");
    }
    if (!events.empty()) {
      next_revision = revision_ + 1;
      auto send_task = out.write("{\"result\":{" + header() + ",\"events\":[" + events + "]}}\n");
      co_await std::move(send_task);
      continue;
    }
    auto wait_task = change_event_.wait(deadline{next_expiry()});
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
    end_expired_leases();
  }
}

http::response simulated_etcd::grant(std::string_view body) {
  const auto ttl = std::chrono::seconds{std::stoll(string_member(body, {"TTL"}))};
  const auto id = std::to_string(++last_lease_id_);
  leases_[id] = {ttl, loop::current().now() + ttl};
  return make_json_response("{" + header() + R"(,"ID":")" + id + R"(","TTL":")" + std::to_string(ttl.count()) + "\"}");
}

http::response simulated_etcd::keep_alive(std::string_view body) {
  const auto id = string_member(body, {"ID"});
  const auto found = leases_.find(id);
  if (found == leases_.end()) return make_json_response("{\"result\":{" + header() + R"(,"ID":")" + id + "\"}}\n");
  found->second.expiry = loop::current().now() + found->second.ttl;
  const auto ttl = std::chrono::duration_cast<std::chrono::seconds>(found->second.ttl).count();
  return make_json_response("{\"result\":{" + header() + R"(,"ID":")" + id + R"(","TTL":")" + std::to_string(ttl) +
                            "\"}}\n");
}

http::response simulated_etcd::revoke(std::string_view body) {
  end_lease(string_member(body, {"ID"}));
  return make_json_response("{" + header() + "}");
}

void simulated_etcd::end_lease(const std::string& id) {
  leases_.erase(id);
  std::vector<std::string> keys;
  for (const auto& [key, stored] : values_) {
    if (stored.lease == id) keys.push_back(key);
  }
  for (const auto& key : keys) erase(key);
}

void simulated_etcd::end_expired_leases() {
  const auto now = loop::current().now();
  // Extends all leases, like a new leader of etcd, because they could not be renewed in the meantime.
  if (std::exchange(was_restarted_, false)) {
    for (auto& [id, each] : leases_) each.expiry = now + each.ttl;
  }
  std::vector<std::string> expired;
  for (const auto& [id, each] : leases_) {
    if (each.expiry <= now) expired.push_back(id);
  }
  for (const auto& id : expired) end_lease(id);
}

time_point simulated_etcd::next_expiry() const {
  auto next = time_point::max();
  for (const auto& [id, each] : leases_) next = std::min(next, each.expiry);
  return next;
}

}  // namespace cohort::simulation
