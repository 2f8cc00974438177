// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/experiment/experiment.hpp"

#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/telemetry/requests/request_json.hpp>
#include "services/dashboard/requests/recorded_aggregate.hpp"

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

/// The fault expires automatically if this process does not remove it.
constexpr std::chrono::seconds fault_lifetime{std::chrono::ceil<std::chrono::seconds>(experiment::max_wait) + 5s};

constexpr std::array<std::string_view, 4> phase_names{"idle", "running", "done", "failed"};
constexpr std::array<std::string_view, 2> measurement_names{"with_deadline", "without_deadline"};

std::int64_t whole_milliseconds(duration span) { return std::chrono::round<std::chrono::milliseconds>(span).count(); }

aggregator_settings disable_breakers(aggregator_settings settings) {
  for (auto* policy : {&settings.time_policy, &settings.sysinfo_policy, &settings.weather_policy}) {
    policy->breaker.min_calls = 0;
  }
  return settings;
}

}  // namespace

experiment::experiment(const service::service_context& context, aggregator_settings settings,
                       std::function<void(std::string_view json)> on_change)
    : background_(context.background),
      log_(context.log),
      faults_(context, settings.weather),
      on_change_(std::move(on_change)) {
  aggregator_ = std::make_shared<aggregator>(context, disable_breakers(std::move(settings)), "experiment-");
}

bool experiment::start(const experiment_settings& settings) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (phase_ == phase::running) return false;
    phase_ = phase::running;
    settings_ = settings;
    started_ = loop::current().now();
    number = ++number_;
    message_.clear();
    measurements_ = {};
    measurements_[0].timeout = std::chrono::milliseconds{settings.deadline_ms};
    measurements_[1].timeout = max_wait;
  }
  log_.write(telemetry::log_level::info, "experiment started",
             {{"latency_ms", settings.latency_ms},
              {"error_percent", settings.error_percent},
              {"deadline_ms", settings.deadline_ms}});
  background_.spawn(run(shared_from_this(), number));
  return true;
}

task<> experiment::run(std::shared_ptr<experiment> self, std::uint64_t number) {
  // If the service stops, the fault is not removed and expires after its lifetime.
  struct finish_guard {
    experiment& owner;
    std::uint64_t number;
    ~finish_guard() { owner.finish(number, phase::failed, "The experiment was interrupted"); }
  };
  const finish_guard guard{*self, number};
  auto inject_task = self->faults_.inject(self->settings_, fault_lifetime.count());
  auto failure = co_await std::move(inject_task);
  if (!failure.empty()) {
    self->finish(number, phase::failed, std::move(failure));
    co_return;
  }
  {
    const std::lock_guard lock{self->mutex_};
    self->started_ = loop::current().now();
  }
  self->on_change_(self->state_json());
  auto measure_task = when_all(measure(self, 0), measure(self, 1));
  co_await std::move(measure_task);
  auto remove_task = self->faults_.remove();
  const bool is_removed = co_await std::move(remove_task);
  self->finish(number, phase::done, is_removed ? "" : "The fault could not be removed. It expires automatically.");
}

task<> experiment::measure(std::shared_ptr<experiment> self, std::size_t index) {
  aggregator::part_observer observer = [&target = *self, index](std::size_t part, std::string_view service,
                                                                const dashboard::part& arrived) {
    {
      const std::lock_guard lock{target.mutex_};
      target.measurements_.at(index).arrivals.at(part) = measurement::arrival{service, arrived.state, arrived.elapsed};
    }
    target.on_change_(target.state_json());
  };
  const auto timeout = self->measurements_.at(index).timeout;
  auto call_task = record_aggregate(self->aggregator_, "experiment", std::move(observer), timeout);
  auto recorded = co_await std::move(call_task);
  {
    const std::lock_guard lock{self->mutex_};
    self->measurements_.at(index).request = std::move(recorded.request);
  }
  self->on_change_(self->state_json());
}

void experiment::finish(std::uint64_t number, phase outcome, std::string message) {
  {
    const std::lock_guard lock{mutex_};
    if (phase_ != phase::running || number_ != number) return;
    phase_ = outcome;
    message_ = std::move(message);
  }
  on_change_(state_json());
}

std::string experiment::state_json() {
  std::string text;
  json::writer out{text};
  const std::lock_guard lock{mutex_};
  out.open_object().field("number", number_).field("state", phase_names.at(static_cast<std::size_t>(phase_)));
  if (!message_.empty()) out.field("message", std::string_view{message_});
  out.key("settings").open_object().field("latency_ms", settings_.latency_ms);
  out.field("error_percent", settings_.error_percent).field("deadline_ms", settings_.deadline_ms).close_object();
  out.field("max_wait_ms", whole_milliseconds(max_wait));
  if (phase_ == phase::running) out.field("age_ms", whole_milliseconds(loop::current().now() - started_));
  out.key("measurements").open_array();
  for (std::size_t i = 0; i < measurements_.size() && phase_ != phase::idle; ++i) {
    const auto& measured = measurements_.at(i);
    out.open_object().field("name", measurement_names.at(i));
    out.field("deadline_ms", whole_milliseconds(measured.timeout)).key("parts").open_object();
    for (const auto& arrival : measured.arrivals) {
      if (!arrival) continue;
      out.key(arrival->service).open_object().field("state", to_string(arrival->state));
      telemetry::write_milliseconds(out, "elapsed_ms", arrival->elapsed);
      out.close_object();
    }
    out.close_object();
    if (!measured.request.empty()) out.key("request").raw(measured.request);
    out.close_object();
  }
  out.close_array().close_object();
  return text;
}

}  // namespace cohort::dashboard
