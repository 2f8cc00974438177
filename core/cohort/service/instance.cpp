// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/instance.hpp>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <iterator>

#include <cohort/config/http_url.hpp>
#include <cohort/discovery/service_discovery.hpp>
#include <cohort/http/middleware/security_headers.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/version.hpp>
#include <cohort/service/api_description.hpp>
#include <cohort/service/authentication/failed_key_throttle.hpp>
#include <cohort/service/debug/debug_routes.hpp>
#include <cohort/service/health/probes.hpp>
#include <cohort/service/otlp/telemetry_export.hpp>
#include <cohort/service/rate_limit.hpp>
#include <cohort/service/tls/client_certificates.hpp>

namespace cohort::service {
namespace {

/// Whether a route can match a path below `/api/`.
bool has_api_route(const http::router& routes) {
  return std::ranges::any_of(routes.routes(), [](const auto& route) {
    const std::string_view pattern = route->pattern;
    const bool matches_any_segment = pattern.starts_with("/{") && pattern.find_first_of("/.", 1) != pattern.npos;
    return pattern.starts_with("/api/") || matches_any_segment;
  });
}

/// The operations with a `credential_step`, such as `POST /orders, DELETE /orders/{id}`.
std::string operations_with_credential(const http::router& routes) {
  std::string list;
  for (const auto& route : routes.routes()) {
    for (const auto& operation : route->operations()) {
      if (!operation->steps().requires_credential()) continue;
      list += (list.empty() ? "" : ", ") + std::string{operation->method_name()} + " " + route->pattern;
    }
  }
  return list;
}

std::string url_host(const asio::ip::address& address) {
  const auto reachable_address = !address.is_unspecified() ? address
                                 : address.is_v6()         ? asio::ip::address{asio::ip::address_v6::loopback()}
                                                           : asio::ip::address{asio::ip::address_v4::loopback()};
  const auto text = reachable_address.to_string();
  // An IP literal has no zone (RFC 3986 section 3.2.2): with a zone, the address is a percent-encoded name.
  if (text.find('%') != std::string::npos) return boost::urls::encode(text, boost::urls::unreserved_chars);
  return reachable_address.is_v6() ? "[" + text + "]" : text;
}

http::admission_settings::infeasible_action parse_action(std::string_view name,
                                                         http::admission_settings::infeasible_action default_action) {
  using enum http::admission_settings::infeasible_action;
  if (name.empty()) return default_action;
  return name == "refuse" ? reject : name == "observe" ? observe : ignore;
}

/// The default prefix of the metrics: the name, with `_` for each character that is invalid in a metric name.
std::string to_metric_prefix(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::string prefix{name.empty() || is_digit(name.front()) ? "_" : ""};
  for (const char c : name) prefix += is_digit(c) || is_letter(c) ? c : '_';
  return prefix;
}

definition apply_defaults(definition service) {
  if (service.metric_prefix.empty()) service.metric_prefix = to_metric_prefix(service.name);
  return service;
}

/// Rejects requests until `is_starting` is false.
http::filter startup_filter(const std::atomic<bool>& is_starting) {
  return [&is_starting](http::request_context&) -> std::optional<http::response> {
    if (!is_starting.load(std::memory_order_relaxed)) return std::nullopt;
    return http::overload_response("The service is starting, try again later");
  };
}

}  // namespace

boost::urls::url endpoint_url(const net::endpoint& local_endpoint, bool uses_tls) {
  const auto text = (uses_tls ? "https://" : "http://") + url_host(local_endpoint.address()) + ":" +
                    std::to_string(local_endpoint.port());
  return boost::urls::url{*boost::urls::parse_uri(text)};
}

void add_service_options(config::options& options, const definition& service) {
  service.add_options(options);
  for (const auto& extension : service.extensions) extension->add_options(options);
}

instance::instance(definition service, std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener,
                   std::shared_ptr<net::tls_server_context> tls)
    : definition_(apply_defaults(std::move(service))),
      loops_(std::move(loops)),
      metrics_(loops_.size()),
      listener_(std::move(listener)),
      local_endpoint_(listener_->local_endpoint()),
      unix_path_(listener_->unix_path()),
      tls_(std::move(tls)),
      extensions_(std::move(definition_.extensions)) {}

instance::~instance() = default;

boost::urls::url instance::url() const {
  if (!unix_path_.empty()) return config::parse_http_url("unix:" + unix_path_).value();
  return endpoint_url(local_endpoint_, tls_ != nullptr);
}

void instance::build(const dependencies& dependencies) {
  if (definition_.requires_api_key && dependencies.settings.api_keys.empty())
    throw start_error{"the service " + definition_.name + " needs an API key: set API_KEY_FILE or API_KEY", 2};
  api_keys_.replace(dependencies.settings.api_keys);
  log_.emplace(dependencies.log.with_service(definition_.name));
  make_clients(dependencies);
  background_.emplace(loops_, *log_);
  lifecycle_.emplace(
      loops_, metrics_, *log_,
      blocking_pool_settings{.threads = static_cast<std::size_t>(dependencies.settings.blocking_threads)});
  authenticator_.emplace(api_keys_, metrics_, definition_.metric_prefix,
                         dependencies.key_throttle ? dependencies.key_throttle
                                                   : make_key_throttle(dependencies.settings.auth_failure_limit));
  context_.emplace(service_context{clients_->shared(), metrics_, *log_, *background_, api_keys_.outgoing_secret(),
                                   dependencies.sibling_urls, api_keys_, *lifecycle_, lifecycle_->blocking(),
                                   dependencies.network, *clients_, discovery_.get()});
  routes_ = definition_.app(*context_, *authenticator_);
  if (dependencies.settings.registry) register_in_discovery(dependencies.settings);
  for (const auto& extension : extensions_) extension->install({routes_, loops_, metrics_, *log_});
  add_common_routes(dependencies.settings);
  metrics_
      .make_gauge("cohort_build_info", "Version of the service; the value is always 1.",
                  {{"version", definition_.version}})
      .add(1);
  make_server(dependencies);
}

void instance::make_clients(const dependencies& dependencies) {
  http::client_settings client_settings;
  client_settings.proxies = dependencies.settings.proxies;
  client_settings.tls = dependencies.upstream_tls;
  discovery_ = std::make_unique<discovery::service_discovery>(discovery::service_discovery::dependencies{
      dependencies.network, loops_, metrics_, *log_, dependencies.upstream_tls, dependencies.settings.proxies});
  client_settings.proxies.is_direct = [this](const http::origin& target) { return discovery_->contains(target); };
  clients_.emplace(discovery_->network(), loops_.size(), std::move(client_settings));
}

void instance::add_common_routes(const common_settings& settings) {
  authenticator_->register_counters(routes_);
  if (settings.api_keys.empty()) warn_about_missing_keys();
  is_starting_ = lifecycle_->has_start_hooks();
  add_probe_routes(routes_, metrics_, is_draining_, &is_starting_);
  add_debug_routes(routes_, {.service = definition_.name,
                             .loops = loops_,
                             .clients = clients_->all(),
                             .server = [this]() -> http::server& { return *server_; },
                             .lifecycle = *lifecycle_,
                             .log = *log_,
                             .authenticator = *authenticator_,
                             .settings = settings.effective_settings,
                             .is_loopback = asio::ip::make_address(settings.host).is_loopback()});
  if (is_starting_) routes_.use(startup_filter(is_starting_));
  const bool requires_certificate = !settings.tls.client_ca_file.empty() && definition_.requires_client_certificate;
  if (definition_.describes_api) {
    add_api_description_routes(routes_,
                               {.title = definition_.name,
                                .description = definition_.description,
                                .version = definition_.version,
                                .session_cookie = definition_.session_cookie,
                                .requires_client_certificate = requires_certificate,
                                .has_rate_limit = settings.rate_limit.has_value()},
                               *authenticator_);
  }
  if (const auto limit = settings.rate_limit) routes_.use(rate_limit_filter(*limit, metrics_, *authenticator_));
  if (requires_certificate) routes_.use(client_certificate_filter(settings.tls.allowed_client_uris(), metrics_));
  if (definition_.authenticates_api) routes_.use(api_key_filter(*authenticator_));
}

void instance::warn_about_missing_keys() const {
  if (definition_.authenticates_api && has_api_route(routes_))
    log_->write(telemetry::log_level::warn, "no API_KEY: /api/* accepts requests without authentication");
  if (const auto open = operations_with_credential(routes_); !open.empty())
    log_->write(telemetry::log_level::warn, "no API_KEY: operations that need a key accept requests without it",
                {{"operations", std::string_view{open}}});
}

void instance::make_server(const dependencies& dependencies) {
  server_metrics_.emplace(metrics_, definition_.metric_prefix, routes_);
  auto server_settings = make_server_settings(dependencies);
  if (tls_) server_settings.tls = std::make_shared<http::tls_termination>(tls_, metrics_);
  if (dependencies.exporter) {
    server_settings.tracer = dependencies.exporter->add_service(definition_.name, definition_.version,
                                                                std::string{url().encoded_host_and_port()}, metrics_);
  }
  server_.emplace(loops_, std::move(listener_), routes_, *server_metrics_, *log_, std::move(server_settings));
}

std::vector<http::upstream_status> instance::upstreams() {
  std::vector<http::upstream_status> result;
  for (auto* client : clients_->all()) std::ranges::move(client->upstreams().statuses(), std::back_inserter(result));
  return result;
}

void instance::observe_requests(const std::function<void(const telemetry::request_record&)>& observe) {
  for (const auto& shard : server_->shards()) shard->requests().set_observer(observe);
}

void instance::replace_upstream_tls(const net::tls_client_settings& settings) {
  clients_->replace_tls(settings);
  discovery_->replace_tls(settings);
}

http::server_settings instance::make_server_settings(const dependencies& dependencies) const {
  http::server_settings settings;
  settings.limits.max_connections = dependencies.capacity.max_connections;
  settings.limits.reserved_connections = dependencies.capacity.reserved_connections;
  apply_connection_options(dependencies.settings.connections, settings);
  settings.limits.idle_timeout = dependencies.settings.idle_timeout;
  settings.admission.deadline_admission =
      parse_action(dependencies.settings.deadline_admission, definition_.deadline_admission);
  settings.admission.limit_concurrency = dependencies.settings.concurrency_limit != "off";
  settings.common_header_lines = http::security_header_lines(definition_.content_security_policy);
  // RFC 6797, section 7.2: only responses over TLS have this header field.
  settings.common_header_lines_over_tls =
      settings.common_header_lines + "Strict-Transport-Security: max-age=31536000\r\n";
  return settings;
}

void instance::add_https_redirect(std::unique_ptr<net::acceptor> listener) {
  redirect_.emplace(loops_, std::move(listener), local_endpoint_.port(), metrics_, *log_);
}

void instance::start(std::function<void(std::exception_ptr)> on_started) {
  server_->start();
  if (redirect_) redirect_->start();
  const std::string address{url().buffer()};
  std::vector<telemetry::log_field> fields{{"url", std::string_view{address}}};
  if (!definition_.version.empty()) fields.push_back({"version", std::string_view{definition_.version}});
  fields.push_back({"cohort_version", cohort::version()});
  log_->write(telemetry::log_level::info, "listening", fields);
  background_->start();
  discovery_->start(background_spawner(), clients_->all());
  background_->spawn(run_start_hooks(std::move(on_started)));
}

task<> instance::run_start_hooks(std::function<void(std::exception_ptr)> on_started) {
  std::exception_ptr failure;
  try {
    co_await lifecycle_->start();
    is_starting_ = false;
    discovery_->start_registration(background_spawner());
  } catch (...) {
    failure = std::current_exception();
  }
  // A hook may report the cancellation as a different error, such as the error of a call.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (is_cancellation(failure) || (failure && state.cancelled() != asio::cancellation_type::none)) {
    log_->write(telemetry::log_level::info, "start cancelled by shutdown");
    co_return;
  }
  on_started(failure);
}

void instance::begin_drain() {
  is_draining_ = true;
  server_->announce_drain();
  discovery_->begin_drain();
  begin_extension_drain();
}

task<> instance::stop(duration drain_timeout) {
  discovery_->begin_drain();
  begin_extension_drain();
  if (redirect_) co_await redirect_->drain(std::chrono::seconds{0});
  const auto stop_deadline = deadline::after(loop::current().now(), drain_timeout);
  // Also ends start hooks that are still running.
  if (is_starting_) co_await background_->stop();
  auto drain_task = when_all(server_->drain(drain_timeout), lifecycle_->jobs().stop(stop_deadline));
  co_await std::move(drain_task);
  co_await discovery_->wait_until_deregistered(stop_deadline);
  co_await background_->stop();
  co_await lifecycle_->stop(stop_deadline);
  // Cancels tasks that the stop hooks have spawned.
  co_await background_->stop();
  for (auto* event_loop : loops_) co_await run_on(*event_loop, close_idle_connections(*clients_));
}

void instance::register_in_discovery(const common_settings& settings) {
  auto address = local_endpoint_;
  if (const auto& advertised_endpoint = settings.advertise_address) {
    address.address(advertised_endpoint->address());
    if (advertised_endpoint->port() != 0) address.port(advertised_endpoint->port());
  }
  discovery_->configure_registration(*settings.registry, {definition_.name, address, tls_ != nullptr});
}

std::function<void(task<>)> instance::background_spawner() {
  return [this](task<> work) { background_->spawn(std::move(work)); };
}

void instance::begin_extension_drain() {
  for (const auto& extension : extensions_) extension->begin_drain();
}

task<> instance::close_idle_connections(client_set& clients) {
  clients.close_idle();
  co_return;
}

}  // namespace cohort::service
