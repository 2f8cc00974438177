// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::dashboard {

/// An alert of Alertmanager's webhook. Optional members are empty if the alert rule does not set them.
struct alert {
  /// Alertmanager's hash of all labels, which identifies the alert.
  std::string fingerprint;
  bool firing = true;
  std::string name;
  std::optional<std::string> severity;
  std::optional<std::string> service;  // the label `job`
  std::optional<std::string> summary;
  std::optional<std::string> description;
  std::optional<std::string> runbook_url;
  /// All labels, including those above.
  std::vector<std::pair<std::string, std::string>> labels;
  wall_time starts_at{};
  wall_time ends_at{};  // set unless the alert is firing

  /// The total size of the strings, in bytes.
  std::size_t text_bytes() const noexcept;
};

struct alert_webhook {
  std::vector<alert> alerts;
  /// Alerts that Alertmanager has omitted because of its `max_alerts`.
  std::uint64_t truncated = 0;
  /// Texts and labels that exceeded `alert_limits`.
  std::size_t shortened = 0;
};

/// Maximum sizes in bytes, and the maximum number of labels. A longer string is truncated and ends with an ellipsis; a
/// longer link is omitted; a longer fingerprint is an error.
struct alert_limits {
  static constexpr std::size_t fingerprint = 64;
  static constexpr std::size_t labels = 32;
  static constexpr std::size_t label_name = 128;
  static constexpr std::size_t label_value = 512;
  static constexpr std::size_t summary = 512;
  static constexpr std::size_t description = 4096;
  static constexpr std::size_t runbook_url = 1024;
};

/// Parses the body of Alertmanager's webhook, version 4. The error is the path and the description of the first
/// problem. Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
result<alert_webhook, std::string> parse_alert_webhook(std::string_view body);

}  // namespace cohort::dashboard
