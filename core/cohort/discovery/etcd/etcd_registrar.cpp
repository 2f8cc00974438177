// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/etcd/etcd_registrar.hpp>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include <cohort/discovery/etcd/etcd_messages.hpp>
#include <cohort/json/writer.hpp>

namespace cohort::discovery {
namespace {

std::string lease_request(const std::string& lease) {
  std::string body;
  json::writer{body}.open_object().field("ID", lease).close_object();
  return body;
}

std::string grant_request(std::chrono::seconds ttl) {
  std::string body;
  json::writer{body}.open_object().field("TTL", std::to_string(ttl.count())).close_object();
  return body;
}

}  // namespace

etcd_registrar::etcd_registrar(http::client& transport, boost::urls::url server, std::string_view prefix,
                               const service_instance& instance, std::chrono::seconds ttl)
    : api_(transport, std::move(server)),
      key_("/" + std::string{prefix} + "/" + instance.service + "/" + instance.id()),
      value_(etcd_instance_value(instance.address)),
      ttl_(ttl) {}

task<result<http::client_response, source_error>> etcd_registrar::send(std::string target, std::string body) {
  return api_.send(http::method::post, std::move(target), std::move(body),
                   std::min(api_client::default_timeout, renewal_interval()));
}

task<std::optional<source_error>> etcd_registrar::renew() {
  if (!lease_.empty()) {
    auto renew_task = keep_alive();
    auto error = co_await std::move(renew_task);
    if (error || !lease_.empty()) co_return error;
  }
  auto register_task = register_instance();
  co_return co_await std::move(register_task);
}

task<std::optional<source_error>> etcd_registrar::register_instance() {
  auto grant_task = send("/v3/lease/grant", grant_request(ttl_));
  const auto grant_result = co_await std::move(grant_task);
  if (!grant_result) co_return grant_result.error();
  auto lease = parse_etcd_lease_grant(grant_result->body);
  if (!lease) co_return "etcd returned an invalid response to a lease request";
  auto put_task = send("/v3/kv/put", etcd_put_request(key_, value_, *lease));
  const auto put = co_await std::move(put_task);
  if (!put) co_return put.error();
  lease_ = std::move(*lease);
  co_return std::nullopt;
}

task<std::optional<source_error>> etcd_registrar::keep_alive() {
  auto send_task = send("/v3/lease/keepalive", lease_request(lease_));
  const auto response = co_await std::move(send_task);
  if (!response) co_return response.error();
  const auto is_alive = parse_etcd_keepalive(response->body);
  if (!is_alive) co_return "etcd returned an invalid response to a lease renewal";
  if (!*is_alive) {
    lease_.clear();
    co_return std::nullopt;
  }
  auto restore_task = send("/v3/kv/txn", etcd_put_if_absent_request(key_, value_, lease_));
  const auto restore_result = co_await std::move(restore_task);
  if (!restore_result) co_return restore_result.error();
  co_return std::nullopt;
}

task<std::optional<source_error>> etcd_registrar::deregister() {
  if (lease_.empty()) co_return std::nullopt;
  auto revoke_task = send("/v3/lease/revoke", lease_request(std::exchange(lease_, {})));
  const auto revoke_result = co_await std::move(revoke_task);
  if (!revoke_result) co_return revoke_result.error();
  co_return std::nullopt;
}

}  // namespace cohort::discovery
