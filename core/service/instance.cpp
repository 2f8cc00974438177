#include "core/service/instance.hpp"

#include <boost/url/parse.hpp>

#include "core/runtime/run_on.hpp"
#include "core/service/probes.hpp"

namespace cohort::service {
namespace {

std::string host_in_url(const asio::ip::address& address) {
  // A wildcard is no address to call; loopback reaches whoever listens on it.
  const auto reachable = !address.is_unspecified() ? address
                         : address.is_v6()         ? asio::ip::address{asio::ip::address_v6::loopback()}
                                                   : asio::ip::address{asio::ip::address_v4::loopback()};
  const auto text = reachable.to_string();
  return reachable.is_v6() ? "[" + text + "]" : text;
}

/// Nothing for no name.
std::optional<http::admission_settings::hopeless> hopeless_named(std::string_view name) {
  using enum http::admission_settings::hopeless;
  if (name.empty()) return std::nullopt;
  return name == "refuse" ? refuse : name == "observe" ? observe : ignore;
}

}  // namespace

boost::urls::url url_of(const net::endpoint& where) {
  return boost::urls::url{
      *boost::urls::parse_uri("http://" + host_in_url(where.address()) + ":" + std::to_string(where.port()))};
}

instance::instance(definition what, std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener)
    : what_(std::move(what)),
      loops_(std::move(loops)),
      metrics_(loops_.size()),
      listener_(std::move(listener)),
      local_(listener_->local_endpoint()) {}

void instance::build(const surroundings& given) {
  api_key_ = given.settings.api_key;
  log_.emplace(given.log.for_service(what_.name));
  client_.emplace(given.network, loops_.size());
  work_.emplace(loops_, *log_);
  guard_.emplace(api_key_, metrics_, what_.metric_prefix);
  kit to_build_with{*client_, metrics_, *log_, *work_, api_key_, given.siblings};
  routes_ = what_.app(to_build_with, *guard_);
  if (given.settings.enable_faults) faults_.emplace(loops_, metrics_, *log_).install(routes_);
  guard_->expose_counters(routes_);
  add_probes(routes_, metrics_, draining_);
  if (given.settings.rate_limit) routes_.add_filter(rate_limit_filter(*given.settings.rate_limit, metrics_));
  routes_.add_filter(api_key_filter(*guard_));
  metrics_.make_gauge("cohort_build_info", "Which version this is.", {{"version", COHORT_VERSION}}).add(1);
  server_metrics_.emplace(metrics_, what_.metric_prefix, routes_);
  http::server_settings chosen;
  chosen.limits.connections = given.connections;
  chosen.admission.deadlines = hopeless_named(given.settings.deadline_admission).value_or(what_.deadlines);
  chosen.admission.limits_concurrency = given.settings.concurrency_limit != "off";
  chosen.common_fields = security_headers(what_.content_security_policy);
  // RFC 6797: only over TLS, which here is a proxy's.
  chosen.common_fields_over_tls = chosen.common_fields + "Strict-Transport-Security: max-age=31536000\r\n";
  server_.emplace(loops_, std::move(listener_), routes_, *server_metrics_, *log_, std::move(chosen));
}

void instance::start() {
  server_->start();
  const std::string address{url().buffer()};
  log_->write(telemetry::log_level::info, "listening", {{"url", std::string_view{address}}});
}

void instance::begin_drain() {
  draining_ = true;
  if (faults_) faults_->end();
}

task<> instance::stop(duration at_most) {
  if (faults_) faults_->end();
  co_await server_->drain(at_most);
  co_await work_->stop();
  for (auto* each : loops_) co_await run_on(*each, close_idle(*client_));
}

task<> instance::close_idle(http::client& client) {
  client.close_idle();
  co_return;
}

}  // namespace cohort::service
