// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/page/alerts_html.hpp"

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <cohort/http/message/html.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include <cohort/runtime/time/duration_format.hpp>
#include "services/dashboard/page/page_markup.hpp"

namespace cohort::dashboard {
namespace {

/// If there are more alerts, only the most severe alerts are expanded.
constexpr std::size_t max_displayed_alerts = 4;
constexpr std::size_t max_groups = 6;
constexpr std::size_t max_group_name = 40;

struct severity_style {
  std::string_view severity;
  badge_style style;
};
constexpr std::array<severity_style, 3> severity_styles{
    {{"critical", {"critical", "bad"}}, {"warning", {"warning", "warn"}}, {"info", {"info", "idle"}}}};
constexpr badge_style other_severity{"question", "idle"};

badge_style style_of(const alert& alert) {
  if (!alert.firing) return {"check", "good"};
  const auto found =
      std::ranges::find(severity_styles, alert.severity.value_or(std::string{}), &severity_style::severity);
  return found == severity_styles.end() ? other_severity : found->style;
}

/// Returns the target of the runbook link of an alert; empty if it is not an http or https URL. A URL of the dashboard
/// itself becomes relative, because the rules of this stack contain the default URL of the dashboard.
std::string runbook_href(const std::optional<std::string>& url) {
  const auto parsed = url ? boost::urls::parse_uri(*url) : boost::system::result<boost::urls::url_view>{};
  if (!url || !parsed) return {};
  const auto scheme = parsed->scheme_id();
  if (scheme != boost::urls::scheme::http && scheme != boost::urls::scheme::https) return {};
  const bool is_own_runbook =
      parsed->encoded_host_and_port() == "localhost:5000" && parsed->encoded_path() == "/runbook";
  if (!is_own_runbook) return *url;
  return parsed->has_fragment() ? "runbook#" + std::string{parsed->encoded_fragment()} : "runbook";
}

/// Returns the end of the start tag and the content of an element that is hidden if the text is empty.
std::string content_of(const std::string& text) { return text.empty() ? std::string{} : ">" + http::escape_html(text); }

std::string time_html(wall_time at) {
  const auto text = format_rfc3339(at).str();
  return "<time datetime=\"" + text + "\">" + text.substr(0, 10) + " " + text.substr(11, 5) + " UTC</time>";
}

std::string labels_html(const alert& alert) {
  std::string html;
  for (const auto& [name, value] : alert.labels) {
    html +=
        R"(<div class="row"><dt>)" + http::escape_html(name) + "</dt><dd>" + http::escape_html(value) + "</dd></div>";
  }
  return html;
}

}  // namespace

std::string alerts_html::slot(std::string_view name) const {
  if (name == "alerts.explanation") return explanation();
  if (name == "alerts.badge") return badge();
  if (name == "alerts.not-shown" && alerts_.not_shown > 0) {
    return ">At least " + pluralize(alerts_.not_shown, "more alert") + " not listed.";
  }
  const auto count = alerts_.firing.size();
  if (name == "alerts.firing" && count > 0) return ">" + items(alerts_.firing, 0, displayed_count());
  if (name == "alerts.more-label" && count > displayed_count()) return "><summary>" + http::escape_html(more_label());
  if (name == "alerts.more") return items(alerts_.firing, displayed_count(), count);
  if (name == "alerts.resolved-label" && !alerts_.resolved.empty()) {
    return "><summary>Resolved recently (" + std::to_string(alerts_.resolved.size()) + ")";
  }
  if (name == "alerts.resolved") return items(alerts_.resolved, 0, alerts_.resolved.size());
  return {};
}

std::string alerts_html::explanation() const {
  using enum alert_store::monitoring_state;
  const auto since =
      alerts_.time_since_confirmation ? format_coarse_duration(*alerts_.time_since_confirmation) : std::string{"N/A"};
  const bool is_firing = !alerts_.firing.empty();
  const auto count =
      is_firing ? pluralize(alerts_.firing.size(), "alert") + " firing" : std::string{"No alerts firing"};
  switch (alerts_.monitoring) {
    case silent:
      return R"(<p class="explanation no-monitoring">No signal from monitoring for )" + since + ": " +
             (is_firing ? "this list may be incomplete" : "new alerts are not detected") + ".</p>";
    case ok: return R"(<p class="explanation">)" + count + " · last signal from monitoring " + since + " ago</p>";
    case unknown: break;
  }
  return R"(<p class="explanation">)" +
         (is_firing ? count + " · no signal from monitoring yet" : std::string{"No signal from monitoring yet."}) +
         "</p>";
}

std::string alerts_html::badge() const {
  using enum alert_store::monitoring_state;
  // The most severe alert is the first alert.
  if (!alerts_.firing.empty()) {
    return badge_html(style_of(alerts_.firing.front().content), std::to_string(alerts_.firing.size()) + " firing");
  }
  switch (alerts_.monitoring) {
    case ok: return badge_html({"check", "good"}, "none firing");
    case silent: return badge_html({"no-monitoring", "bad"}, "silent");
    case unknown: break;
  }
  return badge_html({"dots", "idle"}, "no signal");
}

std::size_t alerts_html::displayed_count() const {
  return alerts_.firing.size() <= max_displayed_alerts ? alerts_.firing.size() : max_displayed_alerts - 1;
}

std::string alerts_html::more_label() const {
  struct group {
    std::string_view name;
    std::size_t count = 0;
    std::size_t first = 0;  // the index of its first alert
  };
  std::vector<group> groups;
  for (auto i = displayed_count(); i < alerts_.firing.size(); ++i) {
    const std::string_view name = alerts_.firing[i].content.name;
    auto known = std::ranges::find(groups, name, &group::name);
    if (known == groups.end()) known = groups.insert(groups.end(), {name, 0, i});
    ++known->count;
  }
  std::ranges::sort(groups, [](const group& a, const group& b) {
    return a.count != b.count ? a.count > b.count : a.first < b.first;
  });
  auto label = std::to_string(alerts_.firing.size() - displayed_count()) + " more: ";
  for (std::size_t i = 0; i < std::min(groups.size(), max_groups); ++i) {
    const auto& [name, count, first] = groups[i];
    label += (i == 0 ? "" : ", ") + truncate(name, max_group_name) + (count == 1 ? "" : " × " + std::to_string(count));
  }
  if (groups.size() > max_groups) label += ", " + pluralize(groups.size() - max_groups, "other name");
  return label;
}

std::string alerts_html::items(const std::vector<alert_store::listed_alert>& list, std::size_t first,
                               std::size_t last) const {
  std::string html;
  for (auto i = first; i < last; ++i) {
    html += item_.render([&](std::string_view slot) { return item_slot(list[i], slot); });
  }
  return html;
}

std::string alerts_html::item_slot(const alert_store::listed_alert& listed, std::string_view slot) const {
  const auto& alert = listed.content;
  const auto style = style_of(alert);
  if (slot == "alert.attributes") {
    return std::string{"data-tone=\""}.append(style.tone) + "\" data-key=\"" + http::escape_html(alert.fingerprint) +
           '"';
  }
  if (slot == "alert.badge")
    return badge_html(style, alert.firing ? alert.severity.value_or("no severity") : "resolved");
  if (slot == "alert.name") return http::escape_html(alert.name);
  if (slot == "alert.service") return content_of(alert.service.value_or(std::string{}));
  if (slot == "alert.summary") return content_of(alert.summary.value_or(std::string{}));
  if (slot == "alert.since") {
    return "for " + format_coarse_duration(active_time(alert, now_)) + (alert.firing ? ", since" : ", until");
  }
  if (slot == "alert.time") return time_html(alert.firing ? alert.starts_at : alert.ends_at);
  if (slot == "alert.runbook") {
    const auto href = runbook_href(alert.runbook_url);
    if (href.empty()) return {};
    return "href=\"" + http::escape_html(href) + "\">Runbook<span class=\"visually-hidden\"> for " +
           http::escape_html(alert.name) + ", in a new tab";
  }
  if (slot == "alert.stale" && listed.is_stale) {
    return ">Not confirmed for 15 minutes: resolved, or inhibited by another alert.";
  }
  if (slot == "alert.description") return content_of(alert.description.value_or(std::string{}));
  if (slot == "alert.labels") return labels_html(alert);
  return {};
}

}  // namespace cohort::dashboard
