// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/streamed_exchange.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <charconv>

#include <cohort/http/client/connection/connector.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::http {
namespace {

using outcome = policy::load_balancer::outcome;

/// From this status on, the server has rejected the request, or does not need the rest of its body.
constexpr unsigned min_rejection_status = 300;

void append_chunk_header(std::string& text, std::size_t size) {
  std::array<char, 16> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
  text.append(digits.data(), end).append("\r\n");
}

bool is_timeout_or_cancelled(error_code failure) noexcept {
  return failure == asio::error::timed_out || failure == asio::error::operation_aborted;
}

}  // namespace

/// Sends the body and reads the head of the response concurrently. `detail::run_scope` runs it.
class streamed_exchange::duplex {
 public:
  duplex(streamed_exchange& exchange, std::string_view head, request_body_source& source, call_context context)
      : exchange_(exchange), head_(head), source_(source), context_(context) {}

  void start_all() {
    running_count_ = 2;
    detail::start_child_task(read_task_, exchange_.read_head(), [this] { on_head(); });
    detail::start_child_task(send_task_, exchange_.send_body(head_, &source_, context_), [this] { on_sent(); });
  }
  void cancel_all() {
    detail::cancel(read_task_.cancel_signal);
    detail::cancel(send_task_.cancel_signal);
  }
  /// Returns the error of the exchange. Rethrows an exception of the source.
  std::optional<client_error> take() {
    if (send_task_.outcome.failure && !is_cancellation(send_task_.outcome.failure)) {
      std::rethrow_exception(send_task_.outcome.failure);
    }
    if (is_cancelled) return client_error::cancelled;
    if (send_error_ && *send_error_ != client_error::send_failed) return send_error_;
    if (read_task_.outcome.failure) std::rethrow_exception(read_task_.outcome.failure);
    return *read_task_.outcome.value;
  }

  completion_handler<std::monostate> on_ended;
  bool is_cancelled = false;

 private:
  void on_head() {
    --running_count_;
    is_head_done_ = true;
    const auto& error = read_task_.outcome.value;
    sends_entire_body_ = error && !*error && exchange_.head_.status_code() < min_rejection_status;
    if (!sends_entire_body_) detail::cancel(send_task_.cancel_signal);
    end_if_done();
  }
  void on_sent() {
    --running_count_;
    if (!is_head_done_) {
      if (send_task_.outcome.value) send_error_ = *send_task_.outcome.value;
      // The server may have responded before it closed the connection.
      const bool may_have_response =
          send_task_.outcome.value && (!send_error_ || *send_error_ == client_error::send_failed);
      if (!may_have_response) detail::cancel(read_task_.cancel_signal);
    } else if (send_task_.outcome.value && sends_entire_body_) {
      send_error_ = *send_task_.outcome.value;
    }
    end_if_done();
  }
  void end_if_done() {
    if (running_count_ == 0) on_ended.post({});
  }

  streamed_exchange& exchange_;
  std::string_view head_;
  request_body_source& source_;
  call_context context_;
  detail::child_task<std::optional<client_error>> read_task_;
  detail::child_task<std::optional<client_error>> send_task_;
  std::optional<client_error> send_error_;
  int running_count_ = 0;
  bool is_head_done_ = false;
  /// Whether the received head of the response permits the rest of the body to be sent.
  bool sends_entire_body_ = false;
};

streamed_exchange::streamed_exchange(connection_pool::lease lease, response_parser::limits limits, bool is_head_request,
                                     bool timeout_is_failure)
    : lease_(std::move(lease)), reader_(limits, is_head_request), timeout_is_failure_(timeout_is_failure) {}

task<std::optional<client_error>> streamed_exchange::run(std::string_view head, request_body_source* source,
                                                         call_context context, const interim_callback* on_interim) {
  lease_.stream().set_deadline(context.deadline);
  on_interim_ = on_interim;
  if (on_interim_) reader_.keep_interim_responses();
  std::optional<client_error> error;
  if (source) {
    duplex transfers{*this, head, *source, context};
    auto run_task = detail::run_scope(transfers);
    co_await std::move(run_task);
    error = transfers.take();
  } else {
    // Most requests are sent immediately, without another coroutine.
    net::io_result sent = lease_.stream().try_write({asio::buffer(head), asio::const_buffer{}});
    if (const auto size = sent ? *sent : 0; size < head.size()) {
      const net::const_buffers remaining{asio::buffer(head.substr(size)), asio::const_buffer{}};
      auto write_task = net::write_all(lease_.stream(), remaining);
      sent = co_await std::move(write_task);
    }
    is_sent_ = sent.has_value();
    has_send_failed_ = !is_sent_;
    // A server may reject a request and close the connection before it has read the entire request, so the response is
    // read even if sending failed.
    if (has_send_failed_ && is_timeout_or_cancelled(sent.error())) {
      co_return fail(error_at_stage(sent.error(), client_error::send_timeout, client_error::send_failed));
    }
    auto read_task = read_head();
    error = co_await std::move(read_task);
  }
  if (error) co_return fail(*error);
  if (reader_.parser().done() && head_.status_code() != switching_protocols) {
    end(is_sent_ && !reader_.has_excess_bytes() && reader_.parser().keep_alive());
  }
  co_return std::nullopt;
}

/// Sends the header section together with the first chunk of the body, then the other chunks.
task<std::optional<client_error>> streamed_exchange::send_body(std::string_view head, request_body_source* source,
                                                               call_context context) {
  const auto length = source->content_length();
  std::uint64_t sent_bytes = 0;
  std::string prefix{head};
  for (bool at_end = false; !at_end;) {
    has_read_source_ = true;
    auto read_task = source->read(context);
    const auto part = co_await std::move(read_task);
    if (!part) co_return client_error::request_body_failed;
    at_end = part->empty();
    sent_bytes += part->size();
    // A body that does not match its Content-Length would desynchronize the connection (request smuggling).
    if (length && (sent_bytes > *length || (at_end && sent_bytes < *length)))
      co_return client_error::request_body_failed;
    if (!length) append_chunk_header(prefix, part->size());
    if (!length && at_end) prefix.append("\r\n");
    if (prefix.empty() && part->empty()) break;
    const net::const_buffers buffers{asio::buffer(prefix), asio::buffer(part->data(), part->size())};
    auto write_task = net::write_all(lease_.stream(), buffers);
    const auto written = co_await std::move(write_task);
    if (!written) {
      has_send_failed_ = true;
      co_return error_at_stage(written.error(), client_error::send_timeout, client_error::send_failed);
    }
    prefix = length ? "" : "\r\n";
    at_end = at_end || (length && sent_bytes == *length);
  }
  is_sent_ = true;
  lease_.stream().set_deadline(std::min(context.deadline, source->response_deadline()));
  co_return std::nullopt;
}

task<std::optional<client_error>> streamed_exchange::read_head() {
  while (!reader_.parser().is_header_done()) {
    auto read_task = lease_.stream().read_some(reader_);
    const auto count = co_await std::move(read_task);
    if (!count) co_return head_error(count.error());
    has_received_ = true;
    if (const auto failure = reader_.parse(*count)) co_return *failure;
    if (on_interim_ && reader_.has_interim_responses()) {
      auto report_task = report_interim_response();
      co_await std::move(report_task);
    }
  }
  auto& response = reader_.parser().response();
  head_.status = response.status;
  head_.fields = std::move(response.fields);
  co_return std::nullopt;
}

task<> streamed_exchange::report_interim_response() {
  const auto responses = reader_.take_interim_responses();
  for (const auto& interim : responses) {
    if (interim_count_++ >= max_interim_responses) co_return;
    auto report_task = (*on_interim_)(interim);
    co_await std::move(report_task);
  }
}

client_error streamed_exchange::head_error(error_code failure) {
  // An interim response counts as received bytes, because it shows that the server has received the request.
  const auto error = has_received_      ? client_error::response_truncated
                     : has_send_failed_ ? client_error::send_failed
                                        : client_error::no_response;
  return error_at_stage(failure, client_error::response_timeout, error);
}

task<result<std::string_view, client_error>> streamed_exchange::read(deadline read_deadline) {
  if (failure_) co_return *failure_;
  auto& parser = reader_.parser();
  for (;;) {
    part_.clear();
    part_.swap(parser.response().body);
    if (!part_.empty() || is_done_) co_return std::string_view{part_};
    lease_.stream().set_deadline(read_deadline);
    auto read_task = lease_.stream().read_some(reader_);
    const auto count = co_await std::move(read_task);
    if (!count) {
      const auto error = count.error() == asio::error::eof ? parser.end() : client_error::body_truncated;
      if (error) co_return fail(error_at_stage(count.error(), client_error::body_timeout, *error));
      end(false);
      continue;
    }
    if (const auto failure = reader_.parse(*count)) co_return fail(*failure);
    if (parser.done()) end(is_sent_ && !reader_.has_excess_bytes() && parser.keep_alive());
  }
}

std::string streamed_exchange::take_remaining_bytes() {
  return is_done_ && !failure_ ? std::exchange(reader_.parser().response().body, {}) : std::string{};
}

bool streamed_exchange::is_stale(client_error error) const noexcept {
  return lease_.is_reused() && (error == client_error::no_response || error == client_error::send_failed);
}

/// Ends the exchange after a complete response.
void streamed_exchange::end(bool is_reusable) {
  is_done_ = true;
  const auto result = head_.status_code() < 500 ? outcome::success : outcome::failure;
  lease_.release(result, is_reusable, loop::current().now());
}

client_error streamed_exchange::fail(client_error error) {
  failure_ = error;
  if (lease_.is_reused() && is_timeout(error)) lease_.close_idle_to_same_address();
  const bool is_ignored = is_caused_by_caller(error) || (is_timeout(error) && !timeout_is_failure_);
  lease_.release(is_ignored ? outcome::ignored : outcome::failure, false, loop::current().now());
  return error;
}

}  // namespace cohort::http
