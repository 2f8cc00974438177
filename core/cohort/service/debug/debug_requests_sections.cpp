// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include <cohort/http/message/html.hpp>
#include <cohort/runtime/time/duration_format.hpp>
#include <cohort/service/debug/debug_sections.hpp>
#include <cohort/telemetry/requests/request_json.hpp>

namespace cohort::service {
namespace {

using namespace markup;
using telemetry::call_record;
using telemetry::request_record;

/// A request record and the index of its loop.
struct listed_request {
  std::size_t loop_index;
  time_point now;
  const request_record* record;
  telemetry::request_log::reason keep_reason{};
};

std::string omitted_rows_html(std::size_t count) {
  if (count <= max_debug_rows) return {};
  return "<p class=\"quiet\">" + std::to_string(count - max_debug_rows) + " more in the JSON.</p>\n";
}

std::string span(std::string_view text, std::string_view css_class) {
  return "<span class=\"" + std::string{css_class} + "\">" + http::escape_html(text) + "</span>";
}

std::string request_cell(const request_record& request) {
  std::string name{request.method.view()};
  name.append(name.empty() ? "" : " ").append(request.route.view());
  auto html = span(name, "main");
  if (request.trace.id) {
    const auto hex = request.trace.id.hex();
    html += secondary_text("trace " + std::string{hex.data(), hex.size()});
  }
  return html;
}

/// The label of a call: the name, such as `weather`, or the kind and the name, such as `postgres orders`.
std::string call_name(const call_record& call) {
  std::string text;
  if (call.kind != telemetry::call_kind::upstream) text.append(to_string(call.kind)).append(" ");
  return text.append(call.name.view());
}

/// The label of an attempt, such as `retry to 192.0.2.1:80: wait`.
std::string text_of(const telemetry::attempt_record& attempt) {
  std::string text{to_string(attempt.kind)};
  if (attempt.kind == telemetry::attempt_kind::first) text += " attempt";
  if (attempt.address.port() != 0) text += " to " + telemetry::format_address(attempt.address);
  return text.append(": ").append(to_string(attempt.phase));
}

std::string time_left(deadline call_deadline, time_point now) {
  if (call_deadline.is_never()) return "no deadline";
  if (call_deadline.expired(now)) return format_duration(now - call_deadline.time()) + " over its deadline";
  return format_duration(call_deadline.remaining(now)) + " left";
}

/// Calls `write` for each call of the request that has not ended.
template <class Write>
void for_each_open_call(const request_record& request, Write write) {
  for (const auto& call : request.all_calls()) {
    if (!call.has_ended()) write(call);
  }
}

/// Calls `write` for each attempt of the call that has not ended.
template <class Write>
void for_each_open_attempt(const request_record& request, const call_record& call, Write write) {
  for (const auto& attempt : request.all_attempts()) {
    if (attempt.call == request.index_of(call) && !attempt.has_ended()) write(attempt);
  }
}

std::string awaits_cell(const request_record& request, time_point now) {
  std::string html;
  for_each_open_call(request, [&](const call_record& call) {
    html += span(call_name(call), "main");
    for_each_open_attempt(request, call, [&](const auto& attempt) { html += secondary_text(text_of(attempt)); });
    html += secondary_text("for " + format_duration(now - call.started) + ", " + time_left(call.deadline, now));
    html += meter(call.started, call.deadline, now);
  });
  if (html.empty()) html = span(request.is_streamed ? "sending the response" : "its handler", "quiet");
  return html;
}

std::string calls_cell(const request_record& request) {
  std::string html;
  for (const auto& call : request.all_calls()) {
    auto text = call_name(call) + " ";
    text.append(call.outcome).append(" ").append(format_duration(call.ended - call.started));
    if (call.attempt_count > 1) text += ", " + std::to_string(call.attempt_count) + " attempts";
    html += (html.empty() ? "" : " · ") + span(text, telemetry::is_failure(call) ? "late" : "early");
  }
  return html.empty() ? span("none", "quiet") : "<span>" + html + "</span>";
}

std::string attempt_items(const request_record& request, const call_record& call, time_point now) {
  std::string html;
  for_each_open_attempt(request, call, [&](const auto& attempt) {
    html += "<li>" + http::escape_html(text_of(attempt)) + " " +
            span("for " + format_duration(now - attempt.started), "quiet") + "</li>";
  });
  return html.empty() ? html : "<ul>" + html + "</ul>";
}

std::string call_items(const request_record& request, time_point now) {
  std::string html;
  for_each_open_call(request, [&](const call_record& call) {
    html += "<li>" + http::escape_html(std::string{to_string(call.kind)} + " ") + span(call.name.view(), "main") + " " +
            span("for " + format_duration(now - call.started) + ", " + time_left(call.deadline, now), "quiet");
    if (!call.detail.view().empty()) html += " " + code(call.detail.view());
    html += attempt_items(request, call, now) + "</li>\n";
  });
  return html.empty() ? html : "<ul>" + html + "</ul>";
}

std::string activity_item(const activity_snapshot& running, time_point now) {
  auto html =
      "<li>" + std::string{running.kind == activity_kind::job ? "job " : "request "} + span(running.name, "main") + " ";
  auto text = "for " + format_duration(now - running.started);
  if (running.record && running.record->is_streamed) text += ", streamed";
  if (running.record && !running.record->is_streamed) text += ", " + time_left(running.record->deadline, now);
  html += span(text, "quiet");
  if (running.record) html += call_items(*running.record, now);
  return html + "</li>\n";
}

std::string loop_item(std::size_t index, const loop_snapshot& snapshot) {
  auto html = "<li>" + span("Loop " + std::to_string(index), "main") + " " +
              span(pluralize(snapshot.tasks, "task") + ", " + pluralize(snapshot.timers, "timer"), "quiet");
  std::string items;
  for (const auto& running : snapshot.activities) {
    // Omits the request for this page.
    if (running.kind == activity_kind::request && running.name == "/debug") continue;
    items += activity_item(running, snapshot.snapshot_time);
  }
  if (snapshot.activities_omitted > 0) items += "<li>" + std::to_string(snapshot.activities_omitted) + " more</li>";
  if (items.empty()) items = "<li>" + span("no request or job in progress", "quiet") + "</li>";
  return html + "<ul>" + items + "</ul></li>\n";
}

}  // namespace

std::string requests_section(const debug_page_values& values) {
  std::vector<listed_request> listed;
  for (std::size_t i = 0; i < values.loops.size(); ++i) {
    if (!values.loops[i]) continue;
    for (const auto& record : values.loops[i]->in_flight)
      listed.push_back({i, values.loops[i]->snapshot_time, &record});
  }
  std::ranges::sort(listed, std::greater{}, [](const auto& each) { return each.now - each.record->started; });
  std::vector<row> rows;
  for (const auto& [index, now, record, keep_reason] : listed) {
    if (rows.size() == max_debug_rows) break;
    rows.emplace_back()
        .html(request_cell(*record))
        .text(format_duration(now - record->started), "number")
        .html(record->is_streamed ? span("streamed", "quiet") : budget(record->started, record->deadline, now))
        .html(awaits_cell(*record, now))
        .number(index);
  }
  return table("Requests in flight", {"Request", "Age", "Time left", "Awaits", "Loop"}, rows) +
         omitted_rows_html(listed.size());
}

std::string tasks_section(const debug_page_values& values) {
  std::string html = "<ul class=\"tree\">\n";
  for (std::size_t i = 0; i < values.loops.size(); ++i) {
    html += values.loops[i] ? loop_item(i, *values.loops[i])
                            : "<li>" + span("Loop " + std::to_string(i), "main") + " " +
                                  badge("not responding", tone::bad) + "</li>\n";
  }
  html += "</ul>\n<p class=\"quiet\">Periodic jobs: ";
  for (const auto& job : values.jobs) html += (&job == values.jobs.data() ? "" : ", ") + http::escape_html(job);
  html.append(values.jobs.empty() ? "none" : "").append(". Blocking pool: ");
  html += std::to_string(values.blocking_jobs_running) + " running, " + std::to_string(values.blocking_jobs_queued) +
          " queued, " + pluralize(values.blocking_threads, "thread") + ".</p>\n";
  return html;
}

std::string finished_requests_section(const debug_page_values& values) {
  std::vector<listed_request> listed;
  for (std::size_t i = 0; i < values.loops.size(); ++i) {
    if (!values.loops[i]) continue;
    for (const auto& [keep_reason, record] : values.loops[i]->finished) {
      if (keep_reason != telemetry::request_log::reason::sample)
        listed.push_back({i, values.loops[i]->snapshot_time, &record, keep_reason});
    }
  }
  std::ranges::sort(listed, std::less{},
                    [](const auto& each) { return std::pair{each.keep_reason, each.now - each.record->ended}; });
  std::vector<row> rows;
  for (const auto& [index, now, record, keep_reason] : listed) {
    if (rows.size() == max_debug_rows) break;
    const bool is_problem = keep_reason == telemetry::request_log::reason::problem;
    auto duration_html = "<span>" + format_duration(record->ended - record->started) + "</span>";
    if (!record->deadline.is_never() && !record->is_streamed) {
      duration_html += secondary_text("of " + format_duration(record->deadline.remaining(record->started)));
    }
    rows.emplace_back()
        .html(request_cell(*record))
        .text(format_coarse_duration(now - record->ended) + " ago", "number")
        .html(badge(is_problem ? "problem" : "slow", is_problem ? tone::bad : tone::idle) +
              (record->status == 0 ? std::string{} : secondary_text("status " + std::to_string(record->status))))
        .html(duration_html, "number")
        .html(calls_cell(*record))
        .number(index);
  }
  return table("Finished requests", {"Request", "Ended", "Reason", "Duration", "Calls", "Loop"}, rows) +
         omitted_rows_html(listed.size());
}

}  // namespace cohort::service
