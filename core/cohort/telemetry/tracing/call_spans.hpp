// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/telemetry/requests/request_record.hpp>
#include <cohort/telemetry/tracing/tracer.hpp>

namespace cohort {
class loop;
}

namespace cohort::telemetry {

/// Whether the request, or one of its calls or attempts, missed its deadline.
bool has_missed_deadline(const request_record& record) noexcept;

/// Records a span for each call in the record of a request that has ended (upstreams, databases, caches, blocking
/// work), and for each attempt. The parent of a call is the span in `trace`; the parent of an attempt is its call. The
/// span of an attempt has the ID that was sent to the server. `wall_offset` converts times of the loop's monotonic
/// clock to the wall clock, and must be equal to the offset for the span of the request.
void record_calls(tracer& spans, const request_record& record, const trace_context& trace, loop& event_loop,
                  duration wall_offset);

}  // namespace cohort::telemetry
