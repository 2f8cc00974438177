// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/tracing/call_spans.hpp>

#include <array>
#include <string>

#include <cohort/runtime/loop.hpp>

namespace cohort::telemetry {
namespace {

/// A list of attributes that does not allocate.
class attribute_list {
 public:
  template <class Value>
  void add(field_name name, Value value) {
    list_[count_++] = attribute{name, value};
  }
  std::span<const attribute> view() const noexcept { return {list_.data(), count_}; }

 private:
  std::array<attribute, 12> list_;
  std::size_t count_ = 0;
};

/// The value of `db.system.name` (https://opentelemetry.io/docs/specs/semconv/database/); empty if the call is not to a
/// database.
constexpr std::string_view database_system(call_kind kind) noexcept {
  switch (kind) {
    case call_kind::postgres: return "postgresql";
    case call_kind::redis: return "redis";
    case call_kind::sqlite: return "sqlite";
    default: return {};
  }
}

class call_span_recorder {
 public:
  call_span_recorder(tracer& spans, const request_record& record, const trace_context& trace, loop& event_loop,
                     duration wall_offset)
      : spans_(spans),
        record_(record),
        trace_(trace),
        random_(event_loop.random()),
        now_(event_loop.now()),
        wall_offset_(wall_offset) {}

  void record_spans() {
    for (const auto& call : record_.all_calls()) record_call(call);
  }

 private:
  wall_time to_wall_time(time_point time) const noexcept { return wall_time{time.time_since_epoch() + wall_offset_}; }

  void record_call(const call_record& call) {
    const auto end_time = call.has_ended() ? call.ended : now_;
    attribute_list attributes;
    add_identity(attributes, call);
    attributes.add("cohort.call.outcome", call.outcome);
    if (call.cancelled_by != cancellation_cause::none) {
      attributes.add("cohort.cancelled_by", to_string(call.cancelled_by));
    }
    if (!call.deadline.is_never()) {
      attributes.add("cohort.deadline.budget_ms", to_milliseconds(call.deadline.remaining(call.started)));
      attributes.add("cohort.deadline.left_ms", to_milliseconds(call.deadline.remaining(end_time)));
    }
    const bool is_error = is_failure(call);
    if (is_error) attributes.add("error.type", call.outcome);
    const auto prefix = call.kind == call_kind::upstream ? std::string_view{"call"} : to_string(call.kind);
    const auto name = std::string{prefix} + " " + std::string{call.name.view()};
    const auto kind = database_system(call.kind).empty() ? span_kind::internal : span_kind::client;
    span span = make_span(name, kind, make_span_id(random_), trace_.span_id);
    span.start = to_wall_time(call.started);
    span.end = to_wall_time(end_time);
    span.attributes = attributes.view();
    if (is_error) {
      span.status = span_status::error;
      span.status_message = call.outcome;
    }
    spans_.record(span);
    const auto index = record_.index_of(call);
    std::int64_t position = 0;
    for (const auto& attempt : record_.all_attempts()) {
      if (attempt.call == index) record_attempt(call, attempt, position++, span.trace.span_id);
    }
  }

  static void add_identity(attribute_list& attributes, const call_record& call) {
    attributes.add("cohort.call.kind", to_string(call.kind));
    if (const auto system = database_system(call.kind); !system.empty()) {
      attributes.add("db.system.name", system);
      attributes.add("cohort.database", call.name.view());
      if (!call.detail.view().empty()) {
        attributes.add(call.kind == call_kind::redis ? "db.operation.name" : "db.query.text", call.detail.view());
      }
    } else if (call.kind == call_kind::upstream) {
      attributes.add("cohort.upstream", call.name.view());
      attributes.add("cohort.call.attempts", std::int64_t{call.attempt_count} + call.dropped_attempt_count);
    }
  }

  void record_attempt(const call_record& call, const attempt_record& attempt, std::int64_t position,
                      std::uint64_t parent_id) {
    const auto end_time = attempt.has_ended() ? attempt.ended() : now_;
    const auto address = attempt.address.port() != 0 ? attempt.address.address().to_string() : std::string{};
    attribute_list attributes;
    attributes.add("cohort.upstream", call.name.view());
    attributes.add("cohort.attempt.kind", to_string(attempt.kind));
    attributes.add("cohort.attempt.outcome", attempt.outcome);
    if (position > 0) attributes.add("http.request.resend_count", position);
    if (!address.empty()) {
      attributes.add("network.peer.address", std::string_view{address});
      attributes.add("network.peer.port", std::int64_t{attempt.address.port()});
      attributes.add("cohort.connection.reused", attempt.has_reused_connection);
    }
    if (attempt.status != 0) attributes.add("http.response.status_code", std::int64_t{attempt.status});
    if (attempt.cancelled_by != cancellation_cause::none) {
      attributes.add("cohort.cancelled_by", to_string(attempt.cancelled_by));
    }
    if (attempt.sent_timeout >= duration::zero()) {
      attributes.add("cohort.deadline.sent_ms", to_milliseconds(attempt.sent_timeout));
    }
    // A cancelled attempt, such as the slower of two hedged attempts, is not an error.
    const bool is_error = attempt.status >= 500 || (attempt.status == 0 && attempt.outcome != "cancelled");
    if (is_error) attributes.add("error.type", attempt.outcome);
    const auto name = std::string{call.name.view()} + " " + std::string{to_string(attempt.kind)} + " attempt";
    const auto id = attempt.span_id != 0 ? attempt.span_id : make_span_id(random_);
    span span = make_span(name, span_kind::client, id, parent_id);
    span.start = to_wall_time(attempt.started);
    span.end = to_wall_time(end_time);
    span.attributes = attributes.view();
    std::array<span_event, 4> events;
    span.events = {events.data(), write_phase_events(attempt, events)};
    if (is_error) {
      span.status = span_status::error;
      span.status_message = attempt.outcome;
    }
    spans_.record(span);
  }

  /// Writes an event for the start of each phase after the first phase, in chronological order. Returns the number of
  /// events.
  std::size_t write_phase_events(const attempt_record& attempt, std::array<span_event, 4>& events) const {
    std::size_t count = 0;
    auto start = attempt.started + attempt.phase_duration(attempt_phase::queued);
    for (const auto phase : {attempt_phase::connect, attempt_phase::tls, attempt_phase::wait, attempt_phase::read}) {
      const auto elapsed = attempt.phase_duration(phase);
      if (elapsed <= duration::zero()) continue;
      events[count++] = {.name = to_string(phase), .time = to_wall_time(start)};
      start += elapsed;
    }
    return count;
  }

  span make_span(std::string_view name, span_kind kind, std::uint64_t id, std::uint64_t parent_id) const {
    span span;
    span.trace = trace_;
    span.trace.span_id = id;
    span.parent_id = parent_id;
    span.name = name;
    span.kind = kind;
    return span;
  }

  tracer& spans_;
  const request_record& record_;
  const trace_context& trace_;
  random_generator& random_;
  time_point now_;
  duration wall_offset_;
};

}  // namespace

bool has_missed_deadline(const request_record& record) noexcept {
  using enum cancellation_cause;
  if (record.cancelled_by == deadline) return true;
  return std::ranges::any_of(record.all_attempts(),
                             [](const attempt_record& attempt) { return attempt.cancelled_by == deadline; }) ||
         std::ranges::any_of(record.all_calls(), [](const call_record& call) { return call.outcome == "timeout"; });
}

void record_calls(tracer& spans, const request_record& record, const trace_context& trace, loop& event_loop,
                  duration wall_offset) {
  call_span_recorder{spans, record, trace, event_loop, wall_offset}.record_spans();
}

}  // namespace cohort::telemetry
