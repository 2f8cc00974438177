#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/runtime/clock.hpp"
#include "core/runtime/task.hpp"

namespace cohort::dashboard {

/// An alert as Alertmanager tells of it. What a rule has not said is nothing.
struct alert {
  /// Alertmanager's own, over all labels: what makes it the same alert as before.
  std::string fingerprint;
  bool firing = true;
  std::string name;
  std::optional<std::string> severity;
  std::optional<std::string> service;  // the label `job`
  std::optional<std::string> summary;
  std::optional<std::string> description;
  std::optional<std::string> runbook_url;
  /// All of them, those above too.
  std::vector<std::pair<std::string, std::string>> labels;
  wall_time starts_at{};
  wall_time ends_at{};  // of one that is resolved

  /// What it takes to keep it.
  std::size_t text_bytes() const noexcept;
};

struct alert_webhook {
  std::vector<alert> alerts;
  /// Alerts that Alertmanager itself has left out (its `max_alerts`).
  std::uint64_t truncated = 0;
  /// Texts that were longer, and labels that were more, than `alert_limits` has them.
  std::size_t shortened = 0;
};

/// What is kept of one alert. A text that is longer ends in an ellipsis; a link that is longer is left out.
struct alert_limits {
  static constexpr std::size_t fingerprint = 64;
  static constexpr std::size_t labels = 32;
  static constexpr std::size_t label_name = 128;
  static constexpr std::size_t label_value = 512;
  static constexpr std::size_t summary = 512;
  static constexpr std::size_t description = 4096;
  static constexpr std::size_t runbook_url = 1024;
};

/// Reads the body of Alertmanager's webhook, version 4, or says what is wrong with it.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
result<alert_webhook, std::string> read_alert_webhook(std::string_view body);

}  // namespace cohort::dashboard
