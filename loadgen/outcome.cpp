#include "loadgen/outcome.hpp"

#include <numeric>

namespace cohort::loadgen {
namespace {

struct names {
  std::string_view key;
  std::string_view text;
};

constexpr std::array<names, outcome_count> all_names{{
    {"2xx", "2xx"},
    {"3xx", "3xx"},
    {"4xx", "4xx"},
    {"429", "429"},
    {"5xx", "5xx"},
    {"503", "503"},
    {"body_check", "body not as expected"},
    {"dns", "name not resolved"},
    {"connect_refused", "connect refused"},
    {"connect_timeout", "connect timeout"},
    {"connect_other", "connect failed"},
    {"tls", "TLS failed"},
    {"local_fd", "no descriptor left here"},
    {"local_port", "no local port left here"},
    {"write", "write failed"},
    {"reset", "reset by the server"},
    {"early_eof", "closed before the answer's end"},
    {"stale_reuse", "kept connection was closed"},
    {"timeout", "timeout"},
    {"protocol", "not HTTP"},
    {"unsent", "never sent"},
    {"unfinished", "unfinished at the end"},
}};

template <class Which>
std::uint64_t sum_where(const outcome_counts& of, Which which) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < outcome_count; ++i) sum += which(static_cast<outcome>(i)) ? of[i] : 0;
  return sum;
}

}  // namespace

std::string_view key_of(outcome what) noexcept { return all_names[static_cast<std::size_t>(what)].key; }

std::string_view text_of(outcome what) noexcept { return all_names[static_cast<std::size_t>(what)].text; }

bool is_success(outcome what) noexcept { return what <= outcome::status_3xx; }

bool is_answer(outcome what) noexcept { return what <= outcome::body_check; }

bool is_local(outcome what) noexcept { return what == outcome::local_fd || what == outcome::local_port; }

std::uint64_t successes(const outcome_counts& of) noexcept { return sum_where(of, is_success); }

std::uint64_t answers(const outcome_counts& of) noexcept { return sum_where(of, is_answer); }

std::uint64_t total(const outcome_counts& of) noexcept {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}

}  // namespace cohort::loadgen
