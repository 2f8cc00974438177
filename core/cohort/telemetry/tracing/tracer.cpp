// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/tracing/tracer.hpp>

#include <utility>

#include <cohort/runtime/loop.hpp>

namespace cohort::telemetry {

tracer::tracer(std::size_t loop_count, sampler root_sampler, otlp_encoding encoding, export_queue_limits limits)
    : sampler_(root_sampler), encoding_(encoding) {
  for (std::size_t i = 0; i < loop_count; ++i) queues_.push_back(std::make_unique<export_queue>(limits));
}

std::uint64_t tracer::begin(trace_context& trace, random_generator& random) const noexcept {
  trace.is_sampled = sampler_.should_sample(trace, trace.span_id == 0);
  return std::exchange(trace.span_id, make_span_id(random));
}

void tracer::record(const span& span) {
  const auto index = loop::current().index();
  queues_[index % queues_.size()]->push([&](std::string& items) { append_item(items, encoding_, span); });
}

}  // namespace cohort::telemetry
