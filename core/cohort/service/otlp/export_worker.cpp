// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/export_worker.hpp>

#include <algorithm>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/client/protocol/retry_after.hpp>
#include <cohort/http/message/body/content_encoder.hpp>
#include <cohort/policy/retry/exponential_backoff.hpp>

namespace cohort::service {
namespace {

constexpr duration first_backoff = std::chrono::seconds{1};
constexpr duration max_backoff = std::chrono::seconds{10};
constexpr duration log_interval = std::chrono::minutes{1};
/// Number of bytes that are compressed, in about 0.5 ms, before the loop runs other work.
constexpr std::size_t compression_step = 32 * 1024;

constexpr bool is_retryable(unsigned status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

export_worker::export_worker(http::client& transport, telemetry::export_queue& queue, telemetry::otlp_signal signal,
                             const otlp_target& target, const telemetry::resource_attributes& resource,
                             export_statistics& statistics, telemetry::logger log)
    : transport_(transport),
      queue_(queue),
      signal_(signal),
      target_(target),
      resource_(resource),
      statistics_(statistics),
      log_(std::move(log)),
      running_([this](const std::exception_ptr& failure) {
        const auto message = exception_message(failure);
        log_.write(telemetry::log_level::error, "telemetry export failed", {{"what", std::string_view{message}}});
      }) {}

/// A batch that was taken from the queue. If the task is destroyed at shutdown before it has recorded a result, the
/// items of the batch count as dropped.
class export_worker::taken_batch {
 public:
  explicit taken_batch(export_worker& worker) : worker_(worker), batch_(worker.queue_.take()) {}
  ~taken_batch() {
    if (!has_result_ && count() > 0) worker_.report_dropped(drop_reason::shutdown, count(), "the program ended");
    worker_.queue_.release(batch_);
  }
  taken_batch(const taken_batch&) = delete;
  taken_batch& operator=(const taken_batch&) = delete;

  std::size_t count() const noexcept { return batch_.count; }
  const std::string& items() const noexcept { return batch_.items; }
  void on_exported() noexcept { has_result_ = true; }
  void on_dropped(drop_reason reason, std::string_view cause) {
    has_result_ = true;
    worker_.report_dropped(reason, count(), cause);
  }

 private:
  export_worker& worker_;
  telemetry::export_queue::batch batch_;
  bool has_result_ = false;
};

task<> export_worker::run() {
  while (!is_stopping_) {
    co_await queue_.wakeup().wait(deadline::after(loop::current().now(), target_.schedule_delay));
    queue_.wakeup().reset();
    // After a long export, several batches can be full.
    do {
      taken_batch batch{*this};
      if (batch.count() > 0) co_await export_batch(batch);
    } while (queue_.has_full_batch() || (is_stopping_ && !queue_.empty()));
  }
  ended_.set();
}

task<> export_worker::stop(deadline stop_deadline) {
  is_stopping_ = true;
  stop_requested_.set();
  queue_.wakeup().set();
  if (!running_.empty()) co_await ended_.wait(stop_deadline);
  running_.cancel();
  co_await running_.join();
  while (!queue_.empty()) const taken_batch dropped{*this};
}

task<> export_worker::export_batch(taken_batch& batch) {
  auto request_task = make_request(batch.items());
  const auto request = co_await std::move(request_task);
  if (!request) {
    batch.on_dropped(drop_reason::unavailable, "insufficient memory");
    co_return;
  }
  auto& current = loop::current();
  const auto end = current.now() + target_.export_timeout;
  for (unsigned retries = 0;; ++retries) {
    const auto now = current.now();
    statistics_.requests.fetch_add(1, std::memory_order_relaxed);
    auto send_task =
        http::fetch(transport_, *request, deadline::after(now, std::min<duration>(target_.request_timeout, end - now)));
    const auto response = co_await std::move(send_task);
    const auto retry = evaluate_response(response, batch);
    if (!retry) co_return;
    const auto delay =
        retry->after.value_or(policy::jittered_backoff(retries + 1, first_backoff, max_backoff, current.random()));
    if (current.now() + delay >= end) {
      batch.on_dropped(drop_reason::unavailable, retry->cause);
      co_return;
    }
    // During shutdown, each batch is sent at most once.
    auto wait_result = wait_status::notified;
    if (!is_stopping_) wait_result = co_await stop_requested_.wait(deadline::after(current.now(), delay));
    if (wait_result == wait_status::notified) {
      batch.on_dropped(drop_reason::shutdown, retry->cause);
      co_return;
    }
    statistics_.retries.fetch_add(1, std::memory_order_relaxed);
  }
}

task<std::optional<http::client_request>> export_worker::make_request(std::string_view items) {
  http::client_request request;
  request.method = http::method::post;
  request.url = target_.url;
  request.fields = target_.headers;
  request.fields.emplace_back("Content-Type", telemetry::content_type(target_.encoding));
  request.body = telemetry::export_request(signal_, target_.encoding, resource_, items);
  if (target_.gzip) {
    auto compress_task = compress(std::move(request.body));
    auto compressed = co_await std::move(compress_task);
    if (!compressed) co_return std::nullopt;
    request.body = std::move(*compressed);
    request.fields.emplace_back("Content-Encoding", "gzip");
  }
  co_return request;
}

task<std::optional<std::string>> export_worker::compress(std::string body) {
  using operation = http::content_encoder::operation;
  const auto encoder = http::make_content_encoder({.coding = http::content_coding::gzip, .quality = 1});
  if (!encoder) co_return std::nullopt;
  std::string compressed;
  for (std::string_view remaining = body; !remaining.empty();) {
    const auto part = remaining.substr(0, compression_step);
    remaining.remove_prefix(part.size());
    if (!encoder->encode(part, remaining.empty() ? operation::finish : operation::process, compressed))
      co_return std::nullopt;
    if (!remaining.empty()) co_await yield_to_loop();
  }
  co_return compressed;
}

std::optional<export_worker::retry_request> export_worker::evaluate_response(const http::client_result& result,
                                                                             taken_batch& batch) {
  if (!result) {
    auto cause = http::make_error_code(result.error()).message();
    if (result.error() != http::client_error::invalid_request) return retry_request{std::move(cause)};
    batch.on_dropped(drop_reason::rejected, cause);
    return std::nullopt;
  }
  const auto status = result->status_code();
  if (status >= 200 && status < 300) {
    on_success(*result, batch.count());
    batch.on_exported();
    return std::nullopt;
  }
  auto cause = "status " + std::to_string(status);
  if (is_retryable(status)) {
    return retry_request{std::move(cause), http::retry_after_of(*result, loop::current().wall_now())};
  }
  batch.on_dropped(drop_reason::rejected, cause);
  return std::nullopt;
}

/// A body that is not a valid message is ignored, because some collectors send an empty body, or JSON regardless of the
/// requested encoding.
void export_worker::on_success(const http::client_response& response, std::uint64_t count) {
  const auto partial_success = telemetry::parse_export_response(signal_, target_.encoding, response.body);
  const auto rejected = partial_success ? std::min(partial_success->rejected, count) : 0;
  statistics_.exported.fetch_add(count - rejected, std::memory_order_relaxed);
  if (rejected > 0) report_dropped(drop_reason::rejected, rejected, partial_success->message);
}

void export_worker::report_dropped(drop_reason reason, std::uint64_t count, std::string_view cause) {
  statistics_.count_dropped(reason, count);
  const auto now = loop::current().now();
  if (now < next_log_time_) return;
  next_log_time_ = now + log_interval;
  constexpr std::size_t max_cause_length = 200;
  log_.write(telemetry::log_level::warn, "telemetry dropped",
             {{"signal", telemetry::to_string(signal_)},
              {"items", static_cast<std::int64_t>(count)},
              {"cause", cause.substr(0, max_cause_length)}});
}

}  // namespace cohort::service
