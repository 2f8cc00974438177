#include "core/service/fault_injector.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "core/service/access.hpp"

namespace cohort::service {
namespace {

using namespace std::chrono_literals;
using telemetry::log_level;

constexpr const char* path = "/api/faults";

/// 100 ms in the mean. Uneven, since in step with another timer it would always or never meet that.
constexpr duration shortest_period = 80ms;
constexpr duration longest_period = 120ms;

telemetry::counter& injected(telemetry::registry& metrics, const char* kind) {
  return metrics.make_counter("cohort_faults_injected_total", "Requests that met an injected fault.", {{"kind", kind}});
}

/// The chance of a percentage. Where it is nothing, the loop's chance stays as it was.
bool happens(std::uint8_t percent) { return percent > 0 && loop::current().random().chance(percent / 100.0); }

/// A browser tells the origin of a page that wants to change something (Fetch, "`Origin` header"), be it of another
/// site whose name was made to lead to this machine. Where no key is asked for, that would be all it needs.
std::optional<http::response> refusal_of_pages(const http::request_context& context) {
  if (!context.head().find("origin")) return std::nullopt;
  return http::error_response(http::status::forbidden, "Faults are not for web pages");
}

}  // namespace

// ---- one loop's part

fault_injector::shard::shard(loop& its_loop) : home(its_loop), next_burn_(its_loop.timers(), this) {}

void fault_injector::shard::on_change(std::int64_t cpu_percent) {
  waiting.notify_all();
  cpu_percent_ = cpu_percent;
  // A clock that stands still while the loop works would never say that it is enough.
  if (cpu_percent == 0 || !home.time_source().runs_by_itself()) {
    next_burn_.disarm();
  } else if (!next_burn_.armed()) {
    next_burn_.arm(home.now() + home.random().between(0ms, shortest_period));
  }
}

void fault_injector::shard::burn() {
  const auto began = home.now();
  const auto period = home.random().between(shortest_period, longest_period);
  next_burn_.arm(began + period);
  while (home.now() < began + burnt_of(period, cpu_percent_)) {
  }
}

// ---- all of it

fault_injector::fault_injector(std::vector<loop*> loops, telemetry::registry& metrics, telemetry::logger log)
    : log_(std::move(log)),
      ballast_(*loops.front()),
      expiry_(loops.front()->timers(), this),
      latencies_(injected(metrics, "latency")),
      errors_(injected(metrics, "error")),
      hangs_(injected(metrics, "hang")) {
  for (auto* each : loops) shards_.push_back(std::make_unique<shard>(*each));
  const auto add = [&](const char* name, std::int64_t faults::* value) {
    kinds_.push_back({value, metrics.make_gauge("cohort_faults_active", "Whether a fault is injected: 1, else 0.",
                                                {{"kind", name}})});
  };
  add("latency", &faults::latency_ms);
  add("error", &faults::error_percent);
  add("hang", &faults::hang_percent);
  add("memory", &faults::memory_mb);
  add("cpu", &faults::cpu_percent);
}

void fault_injector::install(http::router& routes) {
  for (const auto& each : routes.routes()) {
    if (each->is_probe || each->pattern == alerts_route) continue;
    for (auto& [verb, handle] : each->methods) {
      handle = http::awaiting_handler{
          [this, inner = std::move(handle)](http::request_context& context) { return answer(*this, inner, context); }};
    }
  }
  routes.get(path, [this](http::request_context&) { return show(); });
  routes.add(http::method::put, path,
             http::immediate_handler{[this](http::request_context& context) { return put(context); }});
  routes.add(http::method::delete_, path, http::immediate_handler{[this](http::request_context& context) {
               if (auto refusal = refusal_of_pages(context)) return std::move(*refusal);
               set({});
               return show();
             }});
}

task<http::response> fault_injector::answer(fault_injector& self, const http::handler& inner,
                                            http::request_context& context) {
  const auto on = self.for_requests_.load(std::memory_order_relaxed);
  if (happens(on.hang_percent)) {
    self.hangs_.increment();
    co_await keep_waiting(self, deadline::never());
  } else if (on.latency_ms > 0) {
    self.latencies_.increment();
    const auto begins = loop::current().now() + std::chrono::milliseconds{on.latency_ms};
    co_await keep_waiting(self, deadline{begins});
  }
  // As it is by now: what was taken back does no more harm.
  if (happens(self.for_requests_.load(std::memory_order_relaxed).error_percent)) {
    self.errors_.increment();
    co_return http::error_response(http::status::internal_server_error, "This fault was injected");
  }
  if (const auto* immediate = std::get_if<http::immediate_handler>(&inner)) co_return (*immediate)(context);
  auto work = std::get<http::awaiting_handler>(inner)(context);
  co_return co_await std::move(work);
}

task<> fault_injector::keep_waiting(fault_injector& self, deadline until) {
  auto wait = self.shards_[loop::current().index()]->waiting.wait(until);
  const auto how = co_await std::move(wait);
  if (how == wait_status::cancelled) throw boost::system::system_error{asio::error::operation_aborted};
}

http::response fault_injector::put(const http::request_context& context) {
  if (auto refusal = refusal_of_pages(context)) return std::move(*refusal);
  const auto wanted = read_faults(context.body());
  if (!wanted) return http::error_response(http::status::bad_request, wanted.error());
  set(*wanted);
  return show();
}

http::response fault_injector::show() {
  const std::lock_guard lock{changing_};
  return http::json_response(describe(now_, remaining(until_)));
}

void fault_injector::set(const faults& wanted) {
  const std::lock_guard lock{changing_};
  if (!has_ended_) change(wanted, wanted.any() ? "faults are injected from now on" : "no more faults are injected");
}

void fault_injector::end() {
  const std::lock_guard lock{changing_};
  has_ended_ = true;
  change({}, "no more faults are injected: the service ends");
}

void fault_injector::change(const faults& wanted, std::string_view event) {
  for (auto& each : kinds_) {
    each.active.add((wanted.*each.value > 0 ? 1 : 0) - (now_.*each.value > 0 ? 1 : 0));
  }
  if (wanted.any() || now_.any()) {
    log_.write(log_level::info, event,
               {{"latency_ms", wanted.latency_ms},
                {"error_percent", wanted.error_percent},
                {"hang_percent", wanted.hang_percent},
                {"memory_mb", wanted.memory_mb},
                {"cpu_percent", wanted.cpu_percent},
                {"seconds", wanted.any() ? wanted.seconds : 0}});
  }
  auto& first = shards_.front()->home;
  now_ = wanted;
  until_ = wanted.any() ? deadline::after(first.now(), std::chrono::seconds{wanted.seconds}) : deadline::never();
  for_requests_.store({static_cast<std::uint16_t>(wanted.latency_ms), static_cast<std::uint8_t>(wanted.error_percent),
                       static_cast<std::uint8_t>(wanted.hang_percent)},
                      std::memory_order_relaxed);
  for (auto& each : shards_) {
    asio::post(each->home.get_executor(), [on = each.get(), percent = wanted.cpu_percent] { on->on_change(percent); });
  }
  asio::post(first.get_executor(), [this, wanted, until = until_] { hold(wanted, until); });
}

void fault_injector::hold(const faults& wanted, deadline until) {
  expiry_.arm(until.at());
  if (ballast_.resize(static_cast<std::size_t>(wanted.memory_mb) << 20U)) return;
  log_.write(log_level::warn, "there is not so much memory", {{"memory_mb", wanted.memory_mb}});
}

void fault_injector::on_expiry() {
  const std::lock_guard lock{changing_};
  // If they were prolonged just now, the timer is about to be.
  if (until_.expired(shards_.front()->home.now())) change({}, "no more faults are injected: their time is over");
}

}  // namespace cohort::service
