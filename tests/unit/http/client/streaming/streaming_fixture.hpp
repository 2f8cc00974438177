// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/client/upstream/upstream.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/http/client/client_fixture.hpp"

// Fixture of calls with streamed bodies. The test itself sends the bytes of the server.
namespace cohort::test {

/// A request body whose chunks the test supplies.
class scripted_source final : public http::request_body_source {
 public:
  explicit scripted_source(std::optional<std::uint64_t> length = {}, bool can_rewind = false)
      : length_(length), can_rewind_(can_rewind) {}

  /// Adds a chunk; an empty chunk is the end of the body.
  void add(std::string part) {
    parts_.push_back(std::move(part));
    added_.notify_all();
  }
  void fail() {
    has_failed_ = true;
    added_.notify_all();
  }
  std::size_t read_count() const { return read_count_; }
  bool was_cancelled() const { return was_cancelled_; }
  unsigned rewind_count() const { return rewind_count_; }

  task<result<std::string_view, client_error>> read(call_context) override {
    while (next_ == parts_.size() && !has_failed_) {
      auto wait_task = added_.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) {
        was_cancelled_ = true;
        co_return client_error::cancelled;
      }
    }
    if (next_ == parts_.size()) co_return client_error::cancelled;
    ++read_count_;
    co_return std::string_view{parts_[next_++]};
  }
  std::optional<std::uint64_t> content_length() const override { return length_; }
  bool rewind() override {
    ++rewind_count_;
    if (can_rewind_) next_ = 0;
    return can_rewind_;
  }

 private:
  std::optional<std::uint64_t> length_;
  bool can_rewind_;
  std::deque<std::string> parts_;
  std::size_t next_ = 0;
  bool has_failed_ = false;
  std::size_t read_count_ = 0;
  bool was_cancelled_ = false;
  unsigned rewind_count_ = 0;
  wait_queue added_;
};

inline task<result<std::string, client_error>> read_chunk(http::streamed_response& response, deadline read_deadline) {
  auto read_task = response.body->read(read_deadline);
  const auto part = co_await std::move(read_task);
  if (!part) co_return part.error();
  co_return std::string{*part};
}

inline task<> destroy_response(std::optional<http::streamed_response>& response) {
  response.reset();
  co_return;
}

/// An upstream with one address, to which one call is made at a time.
class streaming_fixture : public client_fixture {
 public:
  explicit streaming_fixture(http::upstream_settings settings = {}, net::memory_pipe_settings pipe = {})
      : client_fixture(pipe), upstream(client, metrics, log_, "site", disable_hedging(settings)) {}
  ~streaming_fixture() {
    call_.reset();
    time.run(destroy_response(response_));
  }

  telemetry::registry metrics{1};

 private:
  telemetry::log_sink sink_;
  telemetry::logger log_{sink_, "test", telemetry::log_level::off, telemetry::log_format::json};

 public:
  http::upstream upstream;

  void open(http::client_request request, http::open_options options = {}, duration timeout = 10s) {
    const call_context context{.deadline = deadline::after(time.now(), timeout), .request_id = "request-1"};
    call_.emplace(time, upstream.open(std::move(request), context, options));
    run_ready();
  }
  void cancel() { call_->cancel(); }
  bool is_open() const { return call_->ended(); }
  /// Returns the response to the request; advances the time until there is a response.
  http::streamed_response& response() {
    take_result();
    if (!response_) throw std::runtime_error("no response: " + make_error_code(*error_).message());
    return *response_;
  }
  std::optional<client_error> error() {
    take_result();
    return error_;
  }
  unsigned attempts() const { return attempts_; }

  result<std::string, client_error> read(duration timeout = 10s) {
    return time.run(read_chunk(response(), deadline::after(time.now(), timeout)));
  }
  /// Returns the rest of the body. Throws if the body is not complete.
  std::string read_all() {
    std::string content;
    for (;;) {
      const auto part = read();
      if (!part) throw std::runtime_error(make_error_code(part.error()).message());
      if (part->empty()) return content;
      content += *part;
    }
  }
  void destroy() { time.run(destroy_response(response_)); }

  double metric(const std::string& name, const std::string& labels = {}) const {
    const auto series = "cohort_client_" + name + "{upstream=\"site\"" + (labels.empty() ? "" : "," + labels) + "}";
    const auto value = find_series(metrics.prometheus_text(), series);
    if (!value) throw std::runtime_error("no time series " + series);
    return *value;
  }
  double outcomes(const std::string& outcome) const { return metric("requests_total", "outcome=\"" + outcome + "\""); }

 private:
  static http::upstream_settings disable_hedging(http::upstream_settings settings) {
    settings.hedging.is_enabled = false;
    return settings;
  }
  void take_result() {
    if (response_ || error_) return;
    for (int i = 0; !call_->ended() && i < 3600; ++i) time.run_for(1s);
    if (!call_->ended()) throw std::runtime_error("the call does not end");
    if (call_->outcome().failure) std::rethrow_exception(call_->outcome().failure);
    auto& result = const_cast<http::open_result&>(*call_->outcome().value);
    attempts_ = result.attempts;
    if (result.response) {
      response_.emplace(std::move(*result.response));
    } else {
      error_ = result.response.error();
    }
  }

  std::optional<spawned_task<http::open_result>> call_;
  std::optional<http::streamed_response> response_;
  std::optional<client_error> error_;
  unsigned attempts_ = 0;
};

}  // namespace cohort::test
