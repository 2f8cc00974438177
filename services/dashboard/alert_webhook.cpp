#include "services/dashboard/alert_webhook.hpp"

#include "core/json/reader.hpp"
#include "services/dashboard/rfc3339.hpp"

namespace cohort::dashboard {
namespace {

/// A value, or that there is none; then nothing is in it either.
using node = simdjson::simdjson_result<simdjson::dom::element>;

/// Reads on when something is wrong; what was wrong first is what it says in the end.
class webhook_reader {
 public:
  alert_webhook read(node all) {
    alert_webhook made;
    if (text(all, "version") != "4") refuse("version is not \"4\"");
    text(all, "groupKey");
    text(all, "receiver");
    is_firing(all);
    // Versions of Alertmanager before 0.21 do not say it.
    const auto truncated = all["truncatedAlerts"].get(made.truncated);
    if (truncated != simdjson::SUCCESS && truncated != simdjson::NO_SUCH_FIELD) refuse("truncatedAlerts is no count");
    simdjson::dom::array alerts;
    if (all["alerts"].get(alerts) != simdjson::SUCCESS) {
      refuse("alerts is missing or no array");
      return made;
    }
    for (const auto each : alerts) {
      where_ = "alerts/" + std::to_string(made.alerts.size()) + "/";
      made.alerts.push_back(read_alert(simdjson::dom::element{each}));
    }
    made.shortened = shortened_;
    return made;
  }
  /// Empty if all was well.
  const std::string& fault() const { return fault_; }

 private:
  alert read_alert(node from) {
    alert made;
    made.fingerprint = text(from, "fingerprint");
    if (made.fingerprint.empty() || made.fingerprint.size() > alert_limits::fingerprint) {
      refuse("fingerprint is empty or too long");
    }
    made.firing = is_firing(from);
    made.starts_at = moment(from, "startsAt");
    // One that fires has the year 1 there.
    if (made.firing) {
      text(from, "endsAt");
    } else {
      made.ends_at = moment(from, "endsAt");
    }
    read_labels(from["labels"], made);
    if (made.name.empty()) refuse("labels/alertname is missing");
    const auto annotations = from["annotations"];
    if (!annotations.is_object()) refuse("annotations is missing or no object");
    made.summary = annotation(annotations, "summary", alert_limits::summary);
    made.description = annotation(annotations, "description", alert_limits::description);
    made.runbook_url = annotation(annotations, "runbook_url", std::string_view::npos);
    if (made.runbook_url && made.runbook_url->size() > alert_limits::runbook_url) {
      made.runbook_url.reset();
      ++shortened_;
    }
    return made;
  }

  void read_labels(node from, alert& to) {
    simdjson::dom::object all;
    if (from.get(all) != simdjson::SUCCESS) return refuse("labels is missing or no object");
    for (const auto each : all) {
      std::string_view value;
      if (each.value.get(value) != simdjson::SUCCESS) refuse("labels has a value that is no text");
      auto kept = shortened(value, alert_limits::label_value);
      if (each.key == "alertname") to.name = kept;
      if (each.key == "severity") to.severity = kept;
      if (each.key == "job") to.service = kept;
      if (to.labels.size() < alert_limits::labels) {
        to.labels.emplace_back(shortened(each.key, alert_limits::label_name), std::move(kept));
      } else {
        ++shortened_;
      }
    }
  }

  std::optional<std::string> annotation(node from, const char* name, std::size_t limit) {
    std::string_view value;
    const auto found = from[name].get(value);
    if (found == simdjson::NO_SUCH_FIELD) return std::nullopt;
    if (found != simdjson::SUCCESS) refuse(std::string{"annotations/"} + name + " is no text");
    return shortened(value, limit);
  }

  std::string shortened(std::string_view text, std::size_t limit) {
    constexpr std::string_view ellipsis = "\xE2\x80\xA6";
    if (text.size() <= limit) return std::string{text};
    ++shortened_;
    auto end = limit - ellipsis.size();
    // Not within a character: its further bytes are 10xxxxxx.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
    return std::string{text.substr(0, end)}.append(ellipsis);
  }

  bool is_firing(node from) {
    const auto status = text(from, "status");
    if (status != "firing" && status != "resolved") refuse("status is neither firing nor resolved");
    return status == "firing";
  }
  wall_time moment(node from, const char* name) {
    const auto read = parse_rfc3339(text(from, name));
    if (!read) refuse(std::string{name} + " is no time as RFC 3339 has it");
    return read.value_or(wall_time{});
  }
  std::string_view text(node from, const char* name) {
    std::string_view value;
    if (from[name].get(value) != simdjson::SUCCESS) refuse(std::string{name} + " is missing or no text");
    return value;
  }
  void refuse(const std::string& why) {
    if (fault_.empty()) fault_ = where_ + why;
  }

  std::string where_;
  std::string fault_;
  std::size_t shortened_ = 0;
};

}  // namespace

std::size_t alert::text_bytes() const noexcept {
  const auto length = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
  auto sum = fingerprint.size() + name.size() + length(severity) + length(service) + length(summary) +
             length(description) + length(runbook_url);
  for (const auto& [label, value] : labels) sum += label.size() + value.size();
  return sum;
}

result<alert_webhook, std::string> read_alert_webhook(std::string_view body) {
  webhook_reader reader;
  auto made = json::read(
      body, [&](simdjson::dom::element root) -> result<alert_webhook> { return reader.read(std::move(root)); });
  if (!made) return std::string{"it is no JSON"};
  if (!reader.fault().empty()) return reader.fault();
  return std::move(*made);
}

}  // namespace cohort::dashboard
