#include "loadgen/report.hpp"

namespace cohort::loadgen {

void tally::add(const tally& other) {
  planned += other.planned;
  sent += other.sent;
  for (std::size_t i = 0; i < outcome_count; ++i) outcomes[i] += other.outcomes[i];
  on_time += other.on_time;
  for (const auto& [code, count] : other.statuses) statuses[code] += count;
  bytes_received += other.bytes_received;
  connections_opened += other.connections_opened;
  response.add(other.response);
  service.add(other.service);
  dispatch_lag.add(other.dispatch_lag);
  connection_wait.add(other.connection_wait);
}

double tally::error_rate() const noexcept {
  const auto all = total(outcomes);
  return all == 0 ? 0 : static_cast<double>(all - successes(outcomes)) / static_cast<double>(all);
}

int verdict::exit_status() const noexcept {
  switch (kind) {
    case verdict_kind::passed: return 0;
    case verdict_kind::objective_failed: return 99;
    case verdict_kind::interrupted: return 105;
    case verdict_kind::invalid: return 120;
    case verdict_kind::regression: return 121;
  }
  return 0;
}

std::string_view verdict::word() const noexcept {
  switch (kind) {
    case verdict_kind::passed: return "PASS";
    case verdict_kind::objective_failed: return "FAIL";
    case verdict_kind::interrupted: return "INTERRUPTED";
    case verdict_kind::invalid: return "INVALID";
    case verdict_kind::regression: return "REGRESSION";
  }
  return "PASS";
}

}  // namespace cohort::loadgen
