// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/request_outcome.hpp"

#include <numeric>

namespace cohort::loadgen {
namespace {

struct outcome_names {
  std::string_view key;
  std::string_view text;
};

// Indexed by `request_outcome`.
constexpr std::array<outcome_names, outcome_count> names{{
    {"2xx", "2xx"},
    {"3xx", "3xx"},
    {"4xx", "4xx"},
    {"429", "429"},
    {"5xx", "5xx"},
    {"503", "503"},
    {"body_check", "unexpected body"},
    {"dns", "name not resolved"},
    {"connect_refused", "connection refused"},
    {"connect_timeout", "connect timeout"},
    {"connect_other", "connect failed"},
    {"tls", "TLS failed"},
    {"local_fd", "no file descriptor left"},
    {"local_port", "no local port left"},
    {"write", "write failed"},
    {"reset", "connection reset"},
    {"early_eof", "incomplete response"},
    {"stale_reuse", "stale connection reused"},
    {"timeout", "timeout"},
    {"protocol", "invalid HTTP"},
    {"unsent", "not sent"},
    {"unfinished", "unfinished at the end"},
}};

template <class Predicate>
std::uint64_t sum_if(const outcome_counts& counts, Predicate predicate) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < outcome_count; ++i) sum += predicate(static_cast<request_outcome>(i)) ? counts[i] : 0;
  return sum;
}

}  // namespace

std::string_view outcome_key(request_outcome outcome) noexcept { return names[static_cast<std::size_t>(outcome)].key; }

std::string_view outcome_label(request_outcome outcome) noexcept {
  return names[static_cast<std::size_t>(outcome)].text;
}

bool is_success(request_outcome outcome) noexcept { return outcome <= request_outcome::status_3xx; }

bool is_response(request_outcome outcome) noexcept { return outcome <= request_outcome::body_check; }

bool is_generator_limit(request_outcome outcome) noexcept {
  return outcome == request_outcome::local_fd || outcome == request_outcome::local_port;
}

std::uint64_t count_of(const outcome_counts& counts, request_outcome outcome) noexcept {
  return counts[static_cast<std::size_t>(outcome)];
}

std::uint64_t success_count(const outcome_counts& counts) noexcept { return sum_if(counts, is_success); }

std::uint64_t response_count(const outcome_counts& counts) noexcept { return sum_if(counts, is_response); }

std::uint64_t total_count(const outcome_counts& counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace cohort::loadgen
