// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

std::vector<table::column> stats_columns(std::string first_title) {
  return {{std::move(first_title), table::content::text},
          {"sent"},
          {"success"},
          {"failed"},
          {"p50"},
          {"p90"},
          {"p99"},
          {"p99.9"},
          {"max"},
          {"lag p99"},
          {"wait p99"}};
}

markup failure_cell(std::uint64_t count) { return count == 0 ? text("0") : emphasize("bad", format_count(count)); }

void add_stats(table& rows, markup name, const request_stats& stats) {
  const auto total = total_count(stats.outcomes);
  const auto succeeded = success_count(stats.outcomes);
  const auto response_time = [&](double percent) { return text(format_percentile(stats.response_time, percent)); };
  rows.add({std::move(name), text(format_count(stats.sent)),
            text(total == 0 ? "–" : format_percentage(succeeded, total)), failure_cell(total - succeeded),
            response_time(50), response_time(90), response_time(99), response_time(99.9), response_time(100),
            text(format_percentile(stats.dispatch_lag, 99)), text(format_percentile(stats.connection_wait, 99))});
}

markup two_line_cell(std::string_view name, std::string_view subtitle) {
  return {escape(name) + "<small>" + escape(subtitle) + "</small>"};
}

std::string statuses_paragraph(const request_stats& stats) {
  std::string statuses;
  for (const auto& [code, count] : stats.statuses) {
    statuses +=
        (statuses.empty() ? "Responses by status: " : ", ") + std::to_string(code) + " × " + format_count(count);
  }
  return statuses.empty() ? statuses : "<p>" + escape(statuses) + ".</p>\n";
}

std::string format_optional(const std::optional<std::uint64_t>& microseconds) {
  return microseconds ? format_duration(*microseconds) : "–";
}

markup format_count_difference(const server_report& server) {
  if (server.served < server.sent) return emphasize("bad", format_count(server.sent - server.served) + " missing");
  return text(server.served > server.sent ? "it has other clients" : "");
}

void add_server(table& rows, const server_report& server) {
  const auto name = two_line_cell(server.target.empty() ? "several targets" : server.target, server.url);
  if (!server.failure.empty()) {
    const auto none = text("–");
    rows.add({name, none, none, none, none, text("no metrics: " + server.failure)});
    return;
  }
  rows.add({name, text(format_count(server.sent)), text(format_count(server.served)),
            text(format_optional(server.p99_us)), text(format_duration(server.client_p99_us)),
            format_count_difference(server)});
}

void add_server_phases(table& rows, const server_report& server) {
  for (std::size_t i = 0; i < std::min(server.phases.size(), max_phases); ++i) {
    const auto& phase = server.phases[i];
    rows.add({text(server.target.empty() ? server.url : server.target), text(phase.phase),
              text(format_count(phase.served)), text(format_optional(phase.p99_us)),
              text(phase.cpu_cores ? format_fixed(*phase.cpu_cores, 2) : "–"),
              text(phase.resident_bytes ? format_bytes(*phase.resident_bytes) : "–")});
  }
}

std::vector<request_outcome> failures_by_frequency(const outcome_counts& counts) {
  std::vector<request_outcome> outcomes;
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto outcome = static_cast<request_outcome>(i);
    if (counts[i] != 0 && !is_success(outcome)) outcomes.push_back(outcome);
  }
  std::sort(outcomes.begin(), outcomes.end(), [&](request_outcome a, request_outcome b) {
    const auto count_a = count_of(counts, a);
    const auto count_b = count_of(counts, b);
    return count_a != count_b ? count_a > count_b : a < b;
  });
  return outcomes;
}

}  // namespace

std::string failures_by_outcome(const run_report& report) {
  const auto& counts = report.totals.outcomes;
  const auto total = total_count(counts);
  if (total == 0) return {};
  const auto failures = failures_by_frequency(counts);
  if (failures.empty()) return section("Failures", "All requests succeeded.", statuses_paragraph(report.totals));

  table rows{{{"outcome", table::content::text}, {"", table::content::text}, {"requests"}, {"share"}}};
  const auto max_count = static_cast<double>(count_of(counts, failures.front()));
  for (const auto outcome : failures) {
    const auto count = count_of(counts, outcome);
    const auto width = format_fixed(100 * static_cast<double>(count) / max_count, 1);
    rows.add({text(outcome_label(outcome)),
              {"<div class=\"bar\"><div style=\"width:" + width + "%\"></div></div>"},
              text(format_count(count)),
              text(format_percentage(count, total))});
  }
  return section("Failures", "Failed requests, by outcome.",
                 "<div class=\"bars\">" + rows.html() + "</div>" + statuses_paragraph(report.totals));
}

std::string targets_table(const run_report& report) {
  table rows{stats_columns("target")};
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    const auto& target = report.targets[i];
    add_stats(rows, two_line_cell(target.name, target.method + ' ' + target.url), report.target_stats.at(i));
  }
  if (report.targets.size() > 1) add_stats(rows, text("all"), report.totals);
  return section("Targets",
                 "Percentiles are of the response time; lag and wait are the dispatch lag and the connection wait.",
                 rows.html());
}

std::string phases_table(const run_report& report) {
  if (report.phases.size() < 2) return {};
  table rows{stats_columns("phase")};
  for (std::size_t i = 0; i < std::min(report.phases.size(), max_phases); ++i) {
    const auto& phase = report.phases[i];
    const auto range = format_seconds(phase.start) + " to " + format_seconds(phase.start + phase.length);
    add_stats(rows, two_line_cell(phase.name, range), phase.totals);
  }
  std::string note = "A request belongs to the phase of its intended start.";
  if (report.phases.size() > max_phases) {
    note += " These are the first " + format_count(max_phases) + " of " + format_count(report.phases.size()) +
            " phases; the JSON report has all of them.";
  }
  return section("Phases", note, rows.html());
}

std::string server_tables(const run_report& report) {
  if (report.servers.empty()) return {};
  table servers{{{"server", table::content::text},
                 {"sent"},
                 {"served"},
                 {"server p99"},
                 {"client p99"},
                 {"", table::content::text}}};
  table phases{{{"server", table::content::text},
                {"phase", table::content::text},
                {"served"},
                {"server p99"},
                {"CPU cores"},
                {"memory"}}};
  for (const auto& server : report.servers) {
    add_server(servers, server);
    add_server_phases(phases, server);
  }
  return section("Server metrics",
                 "Source: /metrics of the servers. The difference between server p99 and client p99 is the network and "
                 "queues before the server's measurement.",
                 servers.html() + (phases.empty() ? "" : details("By phase", phases.html())));
}

std::string generator_table(const run_report& report) {
  const auto& generator = report.generator;
  const auto& stats = report.totals;
  const auto format_p99_and_max = [](const histogram& values) {
    return "p99 " + format_percentile(values, 99) + ", max " + format_percentile(values, 100);
  };
  table rows{{{"", table::content::text}, {"", table::content::text}}};
  const auto add = [&](std::string_view name, const std::string& value) { rows.add({text(name), text(value)}); };
  add("busiest worker", format_fixed(generator.busiest_worker_cpu * 100, 0) + " % of a core, of " +
                            format_count(generator.threads) + (generator.threads == 1 ? " worker" : " workers"));
  add("CPU time", format_fixed(generator.cpu_seconds, 2) + " s");
  add("memory", format_bytes(static_cast<double>(generator.peak_resident_bytes)) + " peak");
  add("connections", format_count(stats.connections_opened) + " opened, at most " +
                         format_count(generator.connections) + " per target");
  add("dispatch lag", format_p99_and_max(stats.dispatch_lag));
  add("connection wait", format_p99_and_max(stats.connection_wait));
  return section("Load generator",
                 "CPU usage, memory and connections of the generator, and its deviation from the load profile.",
                 rows.html());
}

std::string glossary(const run_report& report) {
  struct term {
    std::string_view name;
    std::string_view meaning;
    bool is_open_loop_only = false;
  };
  constexpr term terms[] = {
      {"Response time",
       "From the intended start of a request to the end of its response: the waiting time of a caller."},
      {"Service time",
       "From the end of sending a request to the end of its response: the time of the server and the "
       "network."},
      {"Dispatch lag", "From the intended start of a request to its dispatch: the generator's own delay.", true},
      {"Connection wait",
       "From the dispatch to the end of sending the request: the wait for an idle or a new "
       "connection.",
       true},
      {"Coordinated omission",
       "A measurement error of tools that send fewer requests while the server is slow. Response times from the intended "
       "start are free of it."},
      {"≥",
       "A lower bound: the percentile falls among requests that were not sent or had no response, whose time is known "
       "only in part."}};
  std::string html = "<dl class=\"glossary\">\n";
  for (const auto& [name, meaning, is_open_loop_only] : terms) {
    if (is_open_loop_only && report.is_closed_loop()) continue;
    html += "<dt>" + escape(name) + "</dt><dd>" + escape(meaning) + "</dd>\n";
  }
  return section("Glossary", "", html + "</dl>\n");
}

}  // namespace cohort::loadgen::html
