#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/config/options.hpp"

namespace cohort::service {

/// What every service's program can be told.
struct common_settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::int64_t threads = 1;
  std::string api_key;
  std::optional<config::rate> rate_limit;
  /// `ignore`, `observe` or `refuse`; empty: as each service has it.
  std::string deadline_admission;
  /// `adaptive` or `off`.
  std::string concurrency_limit = "adaptive";
  std::string time_zone;  // empty: the system's
  std::string log_level = "info";
  std::string log_format = "text";
  std::chrono::seconds drain_time{10};
  /// Whether `/api/faults` is there, to make the service do wrong on purpose.
  bool enable_faults = false;
  bool healthcheck = false;
};

/// `settings` must outlive the options.
void add_common_options(config::options& to, common_settings& settings, std::string port_help);

/// Why a server cannot be run with these settings together, each of which is right by itself: a sentence that names
/// them. Nothing if it can.
std::optional<std::string> conflict_in(const common_settings& settings);

}  // namespace cohort::service
