// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/consul/consul_source.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <charconv>

#include <cohort/discovery/consul/consul_messages.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::discovery {
namespace {

std::string query_target(const service_target& target) {
  auto text = "/v1/health/service/" + target.name + "?passing=true";
  for (const auto* option : {"tag", "dc"}) {
    if (const auto value = target.option(option); !value.empty()) text.append("&").append(option).append("=" + value);
  }
  return text;
}

std::uint64_t index_of(const http::client_response& response) {
  const auto text = response.find("X-Consul-Index").value_or(std::string_view{});
  std::uint64_t index = 0;
  const auto* const end = text.data() + text.size();
  const auto [parse_end, error] = std::from_chars(text.data(), end, index);
  return error == std::errc{} && parse_end == end ? index : 0;
}

std::string registration_body(const service_instance& instance, const std::string& id, std::chrono::seconds ttl) {
  std::string body;
  json::writer out{body};
  out.open_object().field("ID", id).field("Name", instance.service);
  out.field("Address", instance.address.address().to_string()).field("Port", instance.address.port());
  out.key("Check").open_object().field("TTL", std::to_string(ttl.count()) + "s").field("Status", "passing");
  // Consul's minimum is one minute.
  out.field("DeregisterCriticalServiceAfter", "1m").close_object().close_object();
  return body;
}

}  // namespace

consul_source::consul_source(http::client& transport, const service_target& target)
    : api_(transport, target.server), query_target_(query_target(target)) {}

task<result<endpoint_list, source_error>> consul_source::next() {
  if (last_query_) {
    // Limits the query rate even if Consul returns immediately; no event signals the end of this delay.
    auto pause_task = sleep_until(deadline{*last_query_ + (index_ > 0 ? min_interval : poll_interval)});
    if (co_await std::move(pause_task) == wait_status::cancelled) co_return source_error{"cancelled"};
  }
  last_query_ = loop::current().now();
  auto target = query_target_;
  auto timeout = api_client::default_timeout;
  if (index_ > 0) {
    target.append("&index=" + std::to_string(index_) + "&wait=" + std::to_string(wait_time.count()) + "s");
    // Consul adds a random delay of up to a sixteenth of the wait time.
    timeout += wait_time + wait_time / 16;
  }
  auto send_task = api_.send(http::method::get, std::move(target), {}, timeout);
  const auto response = co_await std::move(send_task);
  if (!response) {
    index_ = 0;
    co_return response.error();
  }
  auto found = parse_consul_services(response->body);
  if (!found) co_return source_error{"Consul returned an invalid response"};
  const auto index = index_of(*response);
  // The index decreases after a restore or a restart of Consul, and must then be reset.
  index_ = index < index_ ? 0 : index;
  co_return std::move(*found);
}

consul_registrar::consul_registrar(http::client& transport, boost::urls::url server, const service_instance& instance,
                                   std::chrono::seconds ttl)
    : api_(transport, std::move(server)),
      id_(instance.service + "-" + instance.id()),
      registration_(registration_body(instance, id_, ttl)),
      ttl_(ttl) {}

task<std::optional<source_error>> consul_registrar::put(std::string target, std::string body) {
  auto send_task = api_.send(http::method::put, std::move(target), std::move(body));
  const auto response = co_await std::move(send_task);
  if (!response) co_return response.error();
  co_return std::nullopt;
}

task<std::optional<source_error>> consul_registrar::renew() {
  if (!is_registered_) {
    auto register_task = put("/v1/agent/service/register", registration_);
    auto error = co_await std::move(register_task);
    is_registered_ = !error;
    co_return error;
  }
  auto check_task = put("/v1/agent/check/pass/service:" + id_, {});
  auto error = co_await std::move(check_task);
  // A restarted agent has no record of the check, so the replica is re-registered.
  is_registered_ = !error;
  co_return error;
}

task<std::optional<source_error>> consul_registrar::deregister() {
  if (!is_registered_) co_return std::nullopt;
  is_registered_ = false;
  auto deregister_task = put("/v1/agent/service/deregister/" + id_, {});
  co_return co_await std::move(deregister_task);
}

}  // namespace cohort::discovery
