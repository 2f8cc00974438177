// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/eureka/eureka_source.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/eureka/eureka_messages.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::discovery {
namespace {

constexpr unsigned not_found = 404;

void add_port(json::writer& out, std::string_view name, std::uint16_t port, bool is_enabled) {
  out.key(name).open_object().field("$", port).field("@enabled", is_enabled ? "true" : "false").close_object();
}

std::string registration_body(const service_instance& instance, const std::string& id, std::chrono::seconds ttl) {
  const auto address = instance.address.address().to_string();
  std::string body;
  json::writer out{body};
  out.open_object().key("instance").open_object();
  out.field("instanceId", id).field("hostName", address).field("ipAddr", address).field("app", instance.service);
  out.field("vipAddress", instance.service).field("secureVipAddress", instance.service).field("status", "UP");
  add_port(out, "port", instance.address.port(), !instance.secure);
  add_port(out, "securePort", instance.address.port(), instance.secure);
  out.key("dataCenterInfo").open_object();
  out.field("@class", "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo").field("name", "MyOwn").close_object();
  out.key("leaseInfo").open_object();
  out.field("renewalIntervalInSecs", std::max<std::int64_t>(1, ttl.count() / 3)).field("durationInSecs", ttl.count());
  out.close_object().close_object().close_object();
  return body;
}

}  // namespace

eureka_source::eureka_source(http::client& transport, const service_target& target)
    : api_(transport, target.server),
      application_target_("/" + target.scope + "/apps/" + target.name),
      is_secure_(target.requests.secure) {}

task<result<endpoint_list, source_error>> eureka_source::next() {
  if (next_poll_) {
    // Eureka does not report changes.
    auto wait_task = sleep_until(deadline{*next_poll_});
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return source_error{"cancelled"};
  }
  auto send_task = api_.send(http::method::get, application_target_, {}, api_client::default_timeout, not_found);
  const auto response = co_await std::move(send_task);
  if (!response) co_return response.error();
  next_poll_ = loop::current().now() + poll_interval;
  if (response->status_code() == not_found) co_return endpoint_list{};
  auto found = parse_eureka_application(response->body, is_secure_);
  if (!found) co_return source_error{"Eureka returned an invalid response"};
  co_return std::move(*found);
}

eureka_registrar::eureka_registrar(http::client& transport, boost::urls::url server, std::string_view path,
                                   const service_instance& instance, std::chrono::seconds ttl)
    : api_(transport, std::move(server)),
      application_target_("/" + std::string{path} + "/apps/" + instance.service),
      instance_target_(application_target_ + "/" + instance.id()),
      registration_(registration_body(instance, instance.id(), ttl)),
      ttl_(ttl) {}

task<std::optional<source_error>> eureka_registrar::renew() {
  if (is_registered_) {
    auto renew_task = api_.send(http::method::put, instance_target_, {}, api_client::default_timeout, not_found);
    const auto renewal_result = co_await std::move(renew_task);
    if (!renewal_result) co_return renewal_result.error();
    // Status 404: the server has lost the registration.
    if (renewal_result->status_code() != not_found) co_return std::nullopt;
    is_registered_ = false;
  }
  auto register_task = api_.send(http::method::post, application_target_, registration_);
  const auto registration_result = co_await std::move(register_task);
  if (!registration_result) co_return registration_result.error();
  is_registered_ = true;
  co_return std::nullopt;
}

task<std::optional<source_error>> eureka_registrar::deregister() {
  if (!is_registered_) co_return std::nullopt;
  is_registered_ = false;
  auto deregister_task = api_.send(http::method::delete_, instance_target_, {});
  const auto deregister_result = co_await std::move(deregister_task);
  if (!deregister_result) co_return deregister_result.error();
  co_return std::nullopt;
}

}  // namespace cohort::discovery
