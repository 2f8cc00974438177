// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_page.hpp>

#include <array>
#include <charconv>
#include <initializer_list>

#include <cohort/http/message/html.hpp>

namespace cohort::service {
namespace {

using telemetry::request_record;

std::string milliseconds(duration span) {
  std::array<char, 32> digits;
  const auto value = std::chrono::duration<double, std::milli>(span).count();
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 1).ptr;
  return {digits.data(), end};
}

std::string row(std::initializer_list<std::string> cells, const char* tag = "td") {
  std::string html = "<tr>";
  for (const auto& cell : cells) html.append("<").append(tag).append(">").append(http::escape_html(cell));
  return html + "\n";
}

std::string table(std::string_view title, std::initializer_list<std::string> heads, const std::string& rows) {
  std::string html = "<h2>" + http::escape_html(title) + "</h2>\n";
  if (rows.empty()) return html + "<p>None\n";
  return html + "<table border=\"1\">" + row(heads, "th") + rows + "</table>\n";
}

/// `stock`, or with its kind, as in `postgres orders`.
std::string name_of(const telemetry::call_record& call) {
  std::string text;
  if (call.kind != telemetry::call_kind::upstream) text.append(to_string(call.kind)).append(" ");
  return text.append(call.name.view());
}

/// The operation that a request in flight waits for, such as `weather: wait (attempt 2), 120.0 ms left`.
std::string awaited(const request_record& request, time_point now) {
  std::string text;
  for (const auto& call : request.all_calls()) {
    if (call.has_ended()) continue;
    if (!text.empty()) text += "; ";
    text += name_of(call);
    const auto index = request.index_of(call);
    for (const auto& attempt : request.all_attempts()) {
      if (attempt.call != index || attempt.has_ended()) continue;
      text.append(": ").append(to_string(attempt.phase)).append(" (").append(to_string(attempt.kind)).append(")");
    }
    if (!call.until.is_never()) text += ", " + milliseconds(call.until.remaining(now)) + " ms left";
  }
  return text.empty() ? std::string{"its handler"} : text;
}

std::string calls_of(const request_record& request) {
  std::string text;
  for (const auto& call : request.all_calls()) {
    if (!text.empty()) text += "; ";
    text.append(name_of(call)).append(" ").append(call.outcome).append(" ");
    text += milliseconds(call.ended - call.started) + " ms";
    if (call.attempt_count > 0) text += " in " + std::to_string(call.attempt_count) + " attempts";
  }
  return text;
}

std::string remaining(deadline until, time_point now) {
  return until.is_never() ? std::string{"none"} : milliseconds(until.remaining(now));
}

struct page_rows {
  std::string loops, in_flight, finished, upstreams;
};

void add_rows(page_rows& rows, const std::string& index, const loop_snapshot& part) {
  rows.loops += row({index, milliseconds(part.lag), std::to_string(part.connections), std::to_string(part.tasks),
                     std::to_string(part.timers)});
  for (const auto& request : part.in_flight) {
    rows.in_flight += row({index, std::string{request.method.view()}, std::string{request.route.view()},
                           milliseconds(part.taken - request.started),
                           request.is_streamed ? std::string{"streamed"} : remaining(request.until, part.taken),
                           awaited(request, part.taken)});
  }
  for (const auto& [kept, request] : part.finished) {
    rows.finished += row({index, std::string{request.method.view()}, std::string{request.route.view()},
                          std::to_string(request.status), milliseconds(request.ended - request.started),
                          std::string{to_string(request.interrupted_by)}, calls_of(request)});
  }
  for (const auto& upstream : part.upstreams) {
    rows.upstreams += row({index, upstream.name, std::string{policy::to_string(upstream.breaker)},
                           milliseconds(upstream.breaker_retry_after), std::to_string(upstream.in_flight),
                           milliseconds(upstream.median_latency), milliseconds(upstream.timeout)});
  }
}

}  // namespace

std::string debug_page(std::string_view service, const loop_snapshots& loops) {
  page_rows rows;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const auto index = std::to_string(i);
    if (loops[i]) {
      add_rows(rows, index, *loops[i]);
    } else {
      rows.loops += row({index, "does not respond", "", "", ""});
    }
  }
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     http::escape_html(service) +
                     ": debug</title><meta name=\"viewport\" content=\"width=device-width\">"
                     "<meta http-equiv=\"refresh\" content=\"5\"></head><body><h1>" +
                     http::escape_html(service) + "</h1>\n<p>";
  for (const auto* name : {"requests", "tasks", "upstreams", "loops", "config", "log-level"}) {
    html.append("<a href=\"/debug/").append(name).append("\">").append(name).append("</a> ");
  }
  html += "\n";
  html += table("Loops", {"Loop", "Lag (ms)", "Connections", "Tasks", "Timers"}, rows.loops);
  html +=
      table("Requests in flight", {"Loop", "Method", "Route", "Age (ms)", "Time left (ms)", "Awaits"}, rows.in_flight);
  html += table("Upstreams", {"Loop", "Name", "Breaker", "Probe in (ms)", "In flight", "Median (ms)", "Timeout (ms)"},
                rows.upstreams);
  html += table("Finished requests", {"Loop", "Method", "Route", "Status", "Duration (ms)", "Interrupted by", "Calls"},
                rows.finished);
  return html + "</body></html>\n";
}

}  // namespace cohort::service
