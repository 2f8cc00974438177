// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/requests/recorded_aggregate.hpp"

#include <cohort/telemetry/server_timing.hpp>

namespace cohort::dashboard {

task<recorded_aggregate> record_aggregate(std::shared_ptr<aggregator> services, std::string_view origin,
                                          aggregator::part_observer observer, std::optional<duration> timeout) {
  auto& event_loop = loop::current();
  // The record must outlive `timing`. It is allocated, because it is too large for the frame of a coroutine.
  const auto record = std::make_unique<telemetry::request_record>();
  record->reset(event_loop.now(), event_loop.wall_now());
  record->trace = telemetry::start_trace(event_loop.random());
  record->route = origin;
  telemetry::server_timing timing;
  timing.recording().attach(*record);
  call_context context{.deadline = deadline::never(), .request_id = origin};
  context.timing = &timing;
  context.trace = record->trace;
  auto call_task = services->aggregate(context, std::move(observer), timeout);
  auto result = co_await std::move(call_task);
  record->ended = event_loop.now();
  auto request = request_json(*record, result.calls);
  co_return recorded_aggregate{std::move(result), std::move(request)};
}

}  // namespace cohort::dashboard
