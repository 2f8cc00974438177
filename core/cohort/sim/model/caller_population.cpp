// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/model/caller_population.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::sim {

std::uint64_t caller_results::calls() const noexcept {
  return std::accumulate(seconds.begin(), seconds.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const caller_second& second) { return sum + second.calls; });
}

std::uint64_t caller_results::good() const noexcept {
  return std::accumulate(seconds.begin(), seconds.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const caller_second& second) { return sum + second.good; });
}

std::uint64_t caller_results::attempts() const noexcept {
  return std::accumulate(attempts_by_second.begin(), attempts_by_second.end(), std::uint64_t{0});
}

double caller_results::amplification() const noexcept {
  const auto total = calls();
  return total == 0 ? 1 : static_cast<double>(attempts()) / static_cast<double>(total);
}

std::optional<duration> caller_results::quantile(double probability) const {
  std::vector<duration> sorted;
  sorted.reserve(ended.size());
  for (const auto& call : ended) {
    if (call.is_success()) sorted.push_back(call.elapsed);
  }
  const auto rank = static_cast<std::size_t>(std::ceil(probability * static_cast<double>(calls())));
  const auto index = rank == 0 ? 0 : rank - 1;
  if (index >= sorted.size()) return std::nullopt;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(index), sorted.end());
  return sorted[index];
}

caller_population::caller_population(fleet& callers_of, caller_settings settings, const std::string& host_name)
    : fleet_(callers_of),
      settings_(std::move(settings)),
      client_(callers_of.client(host_name)),
      random_(callers_of.event_loop().random().next()) {
  if (settings_.pauses.any()) pauses_.emplace(settings_.pauses, random_.next(), callers_of.time().now());
}

std::size_t caller_population::second_of(duration since_start) noexcept {
  return static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(since_start).count());
}

void caller_population::start() { fleet_.spawn(run(*this)); }

task<> caller_population::run(caller_population& self) {
  self.start_ = loop::current().now();
  const double length = to_seconds(self.settings_.length);
  self.results_.seconds.resize(static_cast<std::size_t>(std::ceil(length)));
  double seconds = 0;
  for (;;) {
    seconds += self.random_.exponential() / self.settings_.calls_per_second;
    if (seconds >= length) co_return;
    const auto begin = self.start_ + duration{static_cast<duration::rep>(seconds * 1e9)};
    auto wait_task = sleep_until(deadline{begin});
    co_await std::move(wait_task);
    self.fleet_.spawn(call(self, begin));
  }
}

task<> caller_population::wait_for_core() {
  const auto now = loop::current().now();
  paused_until_ = pauses_->apply_pauses(now, paused_until_);
  if (paused_until_ <= now) co_return;
  auto sleep_task = sleep_until(deadline{paused_until_});
  co_await std::move(sleep_task);
}

task<caller_population::attempt_result> caller_population::attempt(time_point begin) {
  http::client_request request;
  request.url = settings_.url;
  if (pauses_) {
    auto wait_task = wait_for_core();
    co_await std::move(wait_task);
  }
  const auto now = loop::current().now();
  auto attempt_deadline = deadline::after(now, settings_.patience);
  if (settings_.sends_deadline && settings_.deadline) {
    const auto time_left = begin + *settings_.deadline - now;
    const auto milliseconds =
        std::max<std::int64_t>(std::chrono::floor<std::chrono::milliseconds>(time_left).count(), 1);
    request.fields.emplace_back(http::envoy_timeout_field, std::to_string(milliseconds));
  }
  const auto second = second_of(now - start_);
  if (results_.attempts_by_second.size() <= second) results_.attempts_by_second.resize(second + 1);
  ++results_.attempts_by_second[second];
  auto fetch_task = http::fetch(client_, std::move(request), attempt_deadline);
  const auto response = co_await std::move(fetch_task);
  if (pauses_) {
    auto wait_task = wait_for_core();
    co_await std::move(wait_task);
  }
  attempt_result result;
  if (!response) co_return result;
  const auto contains = [&](const std::string& text) { return response->body.find(text) != std::string::npos; };
  result.status = response->status_code();
  const auto& partial = settings_.partial_result_text;
  result.is_partial = (!partial.empty() && contains(partial)) || !contains(settings_.complete_result_text);
  co_return result;
}

task<> caller_population::call(caller_population& self, time_point begin) {
  auto& second = self.results_.seconds.at(second_of(begin - self.start_));
  ++second.calls;
  for (unsigned attempts = 1;; ++attempts) {
    auto attempt_task = self.attempt(begin);
    const auto result = co_await std::move(attempt_task);
    const bool is_retryable = result.status == 0 || result.status == 429 || result.status >= 500;
    if (!is_retryable || attempts >= self.settings_.attempts) {
      self.record_end(second, begin, attempts, result);
      co_return;
    }
    const auto max_pause = self.settings_.backoff * (1LL << std::min(attempts - 1, 16U));
    if (max_pause > duration{0}) {
      auto pause = sleep_for(self.random_.uniform_between(duration{0}, max_pause));
      co_await std::move(pause);
    }
  }
}

void caller_population::record_end(caller_second& second, time_point begin, unsigned attempts, attempt_result result) {
  caller_results::ended_call call{begin - start_, loop::current().now() - begin, attempts, result.status,
                                  result.is_partial};
  const bool is_in_time = !settings_.deadline || call.elapsed <= *settings_.deadline;
  call.is_goodput = call.is_success() && !call.is_partial && is_in_time;
  if (call.is_success()) ++second.successes;
  if (call.is_goodput) ++second.good;
  results_.ended.push_back(call);
}

}  // namespace cohort::sim
