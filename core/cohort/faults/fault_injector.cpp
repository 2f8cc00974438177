// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injector.hpp>
#include <cohort/http/server/input/input_error.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

namespace cohort::faults {
namespace {

using namespace std::chrono_literals;
using telemetry::log_level;

constexpr const char* path = "/api/faults";

/// Random periods with a mean of 100 ms. A constant period could stay in phase with another timer.
constexpr duration min_period = 80ms;
constexpr duration max_period = 120ms;

telemetry::counter& injected_counter(telemetry::registry& metrics, const char* kind) {
  return metrics.make_counter("cohort_faults_injected_total", "Requests affected by an injected fault.",
                              {{"kind", kind}});
}

/// Returns true with a probability of `percent` %. At 0, no random value is drawn, so that a simulation without faults
/// has the same random values as without the injector.
bool should_inject(std::uint8_t percent) { return percent > 0 && loop::current().random().bernoulli(percent / 100.0); }

/// Returns a 403 response if the request has `Origin`, which browsers add to PUT and DELETE requests (Fetch Standard,
/// "`Origin` header"). The page may belong to another site, for example by DNS rebinding. Without an API key, there is
/// no other protection.
std::optional<http::response> reject_browsers(const http::request_context& context) {
  if (!context.head().find("origin")) return std::nullopt;
  return http::error_response(http::status::forbidden, "Fault injection is unavailable to web pages");
}

}  // namespace

fault_injector::shard::shard(loop& owner) : event_loop(owner), burn_timer_(owner.timers(), this) {}

void fault_injector::shard::apply(std::int64_t cpu_percent) {
  delayed_requests.notify_all();
  cpu_percent_ = cpu_percent;
  // A virtual clock does not advance during the busy loop, so the loop would never end.
  if (cpu_percent == 0 || !event_loop.time_source().is_real_time()) {
    burn_timer_.disarm();
  } else if (!burn_timer_.armed()) {
    burn_timer_.arm(event_loop.now() + event_loop.random().uniform_between(0ms, min_period));
  }
}

void fault_injector::shard::burn_cpu() {
  const auto start = event_loop.now();
  const auto period = event_loop.random().uniform_between(min_period, max_period);
  burn_timer_.arm(start + period);
  while (event_loop.now() < start + busy_time(period, cpu_percent_)) {
  }
}

fault_injector::fault_injector(const std::vector<loop*>& loops, telemetry::registry& metrics, telemetry::logger log)
    : log_(std::move(log)),
      ballast_(*loops.front()),
      expiry_timer_(loops.front()->timers(), this),
      injected_latencies_(injected_counter(metrics, "latency")),
      injected_errors_(injected_counter(metrics, "error")),
      injected_hangs_(injected_counter(metrics, "hang")) {
  for (auto* event_loop : loops) shards_.push_back(std::make_unique<shard>(*event_loop));
  const auto add_kind = [&](const char* name, std::int64_t fault_settings::* member) {
    kinds_.push_back(
        {member, metrics.make_gauge("cohort_faults_active", "Whether faults of this kind are injected: 1 or 0.",
                                    {{"kind", name}})});
  };
  add_kind("latency", &fault_settings::latency_ms);
  add_kind("error", &fault_settings::error_percent);
  add_kind("hang", &fault_settings::hang_percent);
  add_kind("memory", &fault_settings::memory_mb);
  add_kind("cpu", &fault_settings::cpu_percent);
}

void fault_injector::install(http::router& routes) {
  for (const auto& route : routes.routes()) {
    for (const auto& operation : route->operations()) {
      if (operation->settings().is_probe || operation->settings().is_exempt_from_faults) continue;
      if (const auto* streaming = std::get_if<http::streaming_handler>(&operation->function())) {
        operation->replace_handler(http::streaming_handler{
            [this, inner_handler = *streaming](http::request_context& context, http::body_reader& body) {
              return handle_streaming(*this, inner_handler, context, body);
            }});
        continue;
      }
      operation->replace_handler(
          http::async_handler{[this, inner_handler = operation->function()](http::request_context& context) {
            return handle(*this, inner_handler, context);
          }});
    }
  }
  routes.get(path, [this](http::request_context&) { return get_settings(); });
  routes.put(path, [this](http::request_context& context) { return put_settings(context); });
  routes.del(path, [this](http::request_context& context) {
    if (auto rejection = reject_browsers(context)) return std::move(*rejection);
    set({});
    return get_settings();
  });
}

task<http::response> fault_injector::handle(fault_injector& self, const http::handler& handler,
                                            http::request_context& context) {
  if (auto injected_response = co_await inject(self)) co_return std::move(*injected_response);
  if (const auto* sync = std::get_if<http::sync_handler>(&handler)) co_return (*sync)(context);
  auto handler_task = std::get<http::async_handler>(handler)(context);
  co_return co_await std::move(handler_task);
}

task<http::response> fault_injector::handle_streaming(fault_injector& self, const http::streaming_handler& handler,
                                                      http::request_context& context, http::body_reader& body) {
  if (auto injected_response = co_await inject(self)) co_return std::move(*injected_response);
  auto handler_task = handler(context, body);
  co_return co_await std::move(handler_task);
}

task<std::optional<http::response>> fault_injector::inject(fault_injector& self) {
  const auto active = self.request_faults_.load(std::memory_order_relaxed);
  if (should_inject(active.hang_percent)) {
    self.injected_hangs_.increment();
    co_await delay_request(self, deadline::never());
  } else if (active.latency_ms > 0) {
    self.injected_latencies_.increment();
    co_await delay_request(self, deadline{loop::current().now() + std::chrono::milliseconds{active.latency_ms}});
  }
  // The settings may have changed during the delay.
  if (should_inject(self.request_faults_.load(std::memory_order_relaxed).error_percent)) {
    self.injected_errors_.increment();
    co_return http::error_response(http::status::internal_server_error, "Injected fault");
  }
  co_return std::nullopt;
}

task<> fault_injector::delay_request(fault_injector& self, deadline end_of_delay) {
  auto wait_task = self.shards_[loop::current().index()]->delayed_requests.wait(end_of_delay);
  const auto status = co_await std::move(wait_task);
  if (status == wait_status::cancelled) throw boost::system::system_error{asio::error::operation_aborted};
}

http::response fault_injector::put_settings(const http::request_context& context) {
  if (auto rejection = reject_browsers(context)) return std::move(*rejection);
  const auto settings = json::decode<fault_settings>(context.body());
  if (!settings) return http::input_error_response(settings.error());
  set(*settings);
  return get_settings();
}

http::response fault_injector::get_settings() {
  const std::lock_guard lock{mutex_};
  return http::json_response(to_json(settings_, remaining(expiry_)));
}

void fault_injector::set(const fault_settings& settings) {
  const std::lock_guard lock{mutex_};
  if (!has_ended_)
    change_settings(settings, settings.has_faults() ? "fault injection started" : "fault injection ended");
}

void fault_injector::end() {
  const std::lock_guard lock{mutex_};
  has_ended_ = true;
  change_settings({}, "fault injection ended: the service is stopping");
}

void fault_injector::change_settings(const fault_settings& settings, std::string_view message) {
  for (auto& kind : kinds_) {
    kind.active.add((settings.*kind.member > 0 ? 1 : 0) - (settings_.*kind.member > 0 ? 1 : 0));
  }
  if (settings.has_faults() || settings_.has_faults()) {
    log_.write(log_level::info, message,
               {{"latency_ms", settings.latency_ms},
                {"error_percent", settings.error_percent},
                {"hang_percent", settings.hang_percent},
                {"memory_mb", settings.memory_mb},
                {"cpu_percent", settings.cpu_percent},
                {"seconds", settings.has_faults() ? settings.seconds : 0}});
  }
  auto& first_loop = shards_.front()->event_loop;
  settings_ = settings;
  expiry_ = settings.has_faults() ? deadline::after(first_loop.now(), std::chrono::seconds{settings.seconds})
                                  : deadline::never();
  request_faults_.store(
      {static_cast<std::uint16_t>(settings.latency_ms), static_cast<std::uint8_t>(settings.error_percent),
       static_cast<std::uint8_t>(settings.hang_percent)},
      std::memory_order_relaxed);
  for (auto& shard : shards_) {
    asio::post(shard->event_loop.get_executor(),
               [target = shard.get(), percent = settings.cpu_percent] { target->apply(percent); });
  }
  asio::post(first_loop.get_executor(), [this, settings, expiry = expiry_] { apply_on_first_loop(settings, expiry); });
}

void fault_injector::apply_on_first_loop(const fault_settings& settings, deadline expiry) {
  expiry_timer_.arm(expiry.time());
  if (ballast_.resize(static_cast<std::size_t>(settings.memory_mb) << 20U)) return;
  log_.write(log_level::warn, "insufficient memory for this fault", {{"memory_mb", settings.memory_mb}});
}

void fault_injector::on_expiry() {
  const std::lock_guard lock{mutex_};
  // The condition is false if the settings were replaced after the timer had expired.
  if (expiry_.expired(shards_.front()->event_loop.now()))
    change_settings({}, "fault injection ended: its duration has expired");
}

}  // namespace cohort::faults
