// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/etcd/etcd_source.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {

etcd_source::etcd_source(http::client& transport, boost::urls::url server, std::string_view name, telemetry::logger log)
    : api_(transport, std::move(server)), prefix_("/" + std::string{name} + "/"), log_(std::move(log)) {}

task<result<endpoint_list, source_error>> etcd_source::next() {
  if (revision_ == 0) {
    auto read_task = read_range();
    if (auto error = co_await std::move(read_task)) co_return std::move(*error);
    co_return endpoints();
  }
  for (;;) {
    if (!watch_) {
      auto open_task = open_watch();
      if (auto error = co_await std::move(open_task)) co_return std::move(*error);
    }
    auto read_task = read_message();
    auto message = co_await std::move(read_task);
    if (!message) {
      watch_.reset();
      co_return message.error();
    }
    if (!*message) continue;
    if ((*message)->is_cancelled) {
      watch_.reset();
      revision_ = 0;
      co_return "etcd has cancelled the watch: " + (*message)->cancel_reason;
    }
    // etcd was restored from a backup or has lost its data: a watch from the old revision would miss changes.
    if ((*message)->is_created && (*message)->revision < revision_) {
      watch_.reset();
      revision_ = 0;
      co_return "the revision of etcd is lower than before";
    }
    for (const auto& change : (*message)->events) apply(change);
    revision_ = std::max(revision_, (*message)->revision);
    co_return endpoints();
  }
}

task<std::optional<source_error>> etcd_source::read_range() {
  auto send_task = api_.send(http::method::post, "/v3/kv/range", etcd_range_request(prefix_));
  const auto response = co_await std::move(send_task);
  if (!response) co_return response.error();
  auto range = parse_etcd_range(response->body);
  if (!range) co_return "etcd returned an invalid response to a range request";
  instances_.clear();
  for (const auto& key_value : range->key_values) apply(key_value);
  revision_ = range->revision;
  co_return std::nullopt;
}

task<std::optional<source_error>> etcd_source::open_watch() {
  auto open_task = api_.open(http::method::post, "/v3/watch", etcd_watch_request(prefix_, revision_ + 1));
  auto response = co_await std::move(open_task);
  if (!response) co_return response.error();
  watch_.emplace(std::move(response->body));
  co_return std::nullopt;
}

task<result<std::optional<etcd_watch_message>, source_error>> etcd_source::read_message() {
  using result_type = result<std::optional<etcd_watch_message>, source_error>;
  auto read_task = watch_->next(deadline::after(loop::current().now(), watch_idle_timeout));
  const auto line = co_await std::move(read_task);
  if (!line) {
    if (line.error() == line_reader::failure::timed_out) {
      watch_.reset();
      co_return result_type{std::optional<etcd_watch_message>{}};
    }
    co_return source_error{to_string(line.error())};
  }
  auto message = parse_etcd_watch(*line);
  if (!message) co_return source_error{"etcd sent an invalid watch message"};
  co_return result_type{std::move(message)};
}

void etcd_source::apply(const etcd_key_value& change) {
  if (change.is_deleted) {
    instances_.erase(change.key);
    return;
  }
  const auto address = parse_etcd_instance(change.value);
  if (address) {
    instances_.insert_or_assign(change.key, *address);
    return;
  }
  instances_.erase(change.key);
  log_.write(telemetry::log_level::warn, "ignored a key whose value is not an endpoint",
             {{"key", std::string_view{change.key}}, {"accepted", "{\"host\":\"IP\",\"port\":PORT} or IP:PORT"}});
}

endpoint_list etcd_source::endpoints() const {
  endpoint_list list;
  for (const auto& [key, address] : instances_) list.push_back(address);
  return list;
}

}  // namespace cohort::discovery
