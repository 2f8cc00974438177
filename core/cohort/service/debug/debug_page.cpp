// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_page.hpp>

#include <array>
#include <set>

#include <cohort/http/message/content_security_policy.hpp>
#include <cohort/http/message/html.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include <cohort/runtime/time/duration_format.hpp>
#include <cohort/service/debug/debug_page_script.hpp>
#include <cohort/service/debug/debug_page_style.hpp>
#include <cohort/service/debug/debug_sections.hpp>
#include <cohort/telemetry/requests/request_json.hpp>

namespace cohort::service {
namespace {

using markup::tone;

struct summary {
  tone worst = tone::good;
  std::string problems;
  std::size_t in_flight = 0;

  void add(tone value, const std::string& text) {
    worst = std::max(worst, value);
    problems += " · " + text;
  }
};

/// `192.0.2.1:80 failing`, `3 addresses failing`.
std::string describe_addresses(const std::set<std::string>& addresses, const std::string& state) {
  const auto subject = addresses.size() == 1 ? *addresses.begin() : std::to_string(addresses.size()) + " addresses";
  return subject + " " + state;
}

/// Upstreams and addresses with problems on any loop.
struct upstream_problems {
  std::set<std::string> open;
  std::set<std::string> probed;
  std::set<std::string> ejected;
  std::set<std::string> failing_addresses;
};

upstream_problems upstream_problems_of(const loop_snapshots& loops) {
  upstream_problems result;
  for (const auto& snapshot : loops) {
    if (!snapshot) continue;
    for (const auto& upstream : snapshot->upstreams) {
      if (upstream.breaker == policy::circuit_breaker::state::open) result.open.insert(upstream.name);
      if (upstream.breaker == policy::circuit_breaker::state::half_open) result.probed.insert(upstream.name);
    }
    for (const auto& origin : snapshot->origins) {
      for (const auto& [balancing, idle] : origin.addresses) {
        const auto address = telemetry::format_address(balancing.address);
        if (balancing.remaining_ejection_time > duration::zero()) result.ejected.insert(address);
        if (is_failing(balancing)) result.failing_addresses.insert(address);
      }
    }
  }
  return result;
}

void add_upstreams(summary& result, const loop_snapshots& loops) {
  const auto found = upstream_problems_of(loops);
  for (const auto& name : found.open) result.add(tone::bad, name + " breaker open");
  for (const auto& name : found.probed) {
    if (!found.open.contains(name)) result.add(tone::warn, name + " breaker half open");
  }
  if (!found.ejected.empty())
    result.add(tone::bad, describe_addresses(found.ejected, "ejected"));
  else if (!found.failing_addresses.empty())
    result.add(tone::warn, describe_addresses(found.failing_addresses, "failing"));
}

summary summarize(const loop_snapshots& loops) {
  summary result;
  std::size_t overdue_count = 0;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (!loops[i]) {
      result.add(tone::bad, "loop " + std::to_string(i) + " not responding");
      continue;
    }
    result.in_flight += loops[i]->in_flight.size();
    for (const auto& request : loops[i]->in_flight) {
      if (!request.is_streamed && request.deadline.expired(loops[i]->snapshot_time)) ++overdue_count;
    }
  }
  if (overdue_count > 0) result.add(tone::bad, std::to_string(overdue_count) + " over the deadline");
  add_upstreams(result, loops);
  if (result.problems.empty()) result.problems = " · no problems";
  return result;
}

struct section {
  std::string_view id;
  std::string_view title;
  /// The route of the same data as JSON, below `/debug/`.
  std::string_view route;
  std::string (*render)(const debug_page_values&);
};

constexpr std::array<section, 6> sections{
    {{"requests", "Requests in flight", "requests", requests_section},
     {"tasks", "Tasks", "tasks", tasks_section},
     {"upstreams", "Upstreams", "upstreams", upstreams_section},
     {"loops", "Event loops", "loops", loops_section},
     {"finished", "Failed and slow requests", "requests", finished_requests_section},
     {"settings", "Settings", "config", settings_section}}};

std::string section_html(const section& page_section, const debug_page_values& values) {
  std::string html = "<section id=\"";
  html.append(page_section.id)
      .append("\" aria-labelledby=\"")
      .append(page_section.id)
      .append("-title\"><div class=\"line\"><h2 id=\"");
  html.append(page_section.id)
      .append("-title\">")
      .append(page_section.title)
      .append("</h2><a class=\"end\" href=\"debug/");
  html.append(page_section.route)
      .append("\" aria-label=\"JSON: ")
      .append(page_section.title)
      .append("\">JSON</a></div>\n<div id=\"");
  html.append(page_section.id).append("-live\" data-live>").append(page_section.render(values));
  return html.append("</div></section>\n");
}

/// The icon has the color of the state, like the icon of the dashboard page.
std::string head_html(const debug_page_values& values, tone worst) {
  static constexpr std::array<std::string_view, 4> title_symbols{"", "✓ ", "! ", "✕ "};
  static constexpr std::array<std::string_view, 4> icon_colors{"4b5762", "1a7f45", "b26b00", "b3261e"};
  const auto index = static_cast<std::size_t>(worst);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>";
  html.append(title_symbols.at(index)).append(http::escape_html(values.service)).append(": debug</title>");
  html.append(
      "<link rel=\"icon\" type=\"image/svg+xml\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
      "viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23");
  html.append(icon_colors.at(index)).append("'/%3E%3C/svg%3E\">");
  html.append("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript><style>").append(debug_page_style);
  return html.append("</style><script>").append(debug_page_script).append("</script></head>\n");
}

}  // namespace

std::string debug_page(const debug_page_values& values) {
  const auto state = summarize(values.loops);
  auto html = head_html(values, state.worst) + "<body><header><div class=\"line\"><h1>" +
              http::escape_html(values.service) + " <small>debug</small></h1><p id=\"headline\" data-live data-tone=\"";
  html.append(to_string(state.worst)).append("\">").append(std::to_string(state.in_flight)).append(" in flight");
  html += http::escape_html(state.problems) + "</p><span class=\"line end\"><time id=\"taken\" data-live>" +
          format_rfc3339(values.snapshot_time).str().substr(11, 8) +
          " UTC</time><span id=\"updates\" class=\"badge\" data-tone=\"idle\" role=\"status\">Updated every 5 s</span>"
          "<button type=\"button\" id=\"pause\" aria-pressed=\"false\" hidden>Pause</button></span></div>\n"
          "<nav class=\"line\" aria-label=\"Sections\">";
  for (const auto& page_section : sections) {
    html.append("<a href=\"#").append(page_section.id).append("\">").append(page_section.title).append("</a>\n");
  }
  html += "</nav></header>\n<main>";
  for (const auto& page_section : sections) html += section_html(page_section, values);
  return html + "</main></body></html>\n";
}

const std::string& debug_page_policy() {
  static const std::string policy =
      "default-src 'none'; style-src " + http::hash_source(debug_page_style) + "; script-src " +
      http::hash_source(debug_page_script) +
      "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

}  // namespace cohort::service
