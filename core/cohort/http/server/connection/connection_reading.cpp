// SPDX-License-Identifier: BSL-1.0
// Reads requests: header sections and bodies.
#include <algorithm>
#include <boost/asio/error.hpp>

#include <cohort/http/server/connection/connection.hpp>
#include <cohort/http/server/upgraded_connection.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>

namespace cohort::http {
namespace {

/// The memory for a body that is reserved before its bytes arrive, and that an idle connection may keep.
constexpr std::size_t max_reserved_body = 64 * 1024;
/// A client may be sending a request when the server starts to drain. A connection without a new request for this long
/// is idle.
constexpr duration drain_grace_period = std::chrono::milliseconds{250};
/// Maximum number of bytes of a request line without the target: method, version and whitespace.
constexpr std::size_t max_request_line_overhead = 64;
/// Maximum size of the unread rest of a body that is read and discarded after the response, so that the connection can
/// be kept.
constexpr std::uint64_t max_discarded_body = 64 * 1024;

/// Returns the reason why the start of a header section is malformed.
std::string_view invalid_start_reason(std::string_view bytes, head_scanner::state state) noexcept {
  // The content type of a TLS record with a handshake, and its major version (RFC 8446 section 5.1).
  if (bytes.starts_with("\x16\x03")) return "a TLS handshake on a port without TLS";
  if (state == head_scanner::state::bare_line_feed) return "a line does not end with CRLF";
  return "the request line is invalid";
}

}  // namespace

std::optional<open_connection::idleness> connection::idle(time_point now, duration grace_period) const noexcept {
  // If there is buffered output, a response is still being sent.
  if (!is_reading_head_ || is_shed_ || !output_.empty()) return std::nullopt;
  if (!is_idle_ && now - request_start_ < grace_period) return std::nullopt;
  // A busy loop has not read the request yet.
  if (stream_->is_readable()) return std::nullopt;
  return is_idle_ ? idleness{idle_since_, idle_state::idle} : idleness{request_start_, idle_state::slow_header};
}

void connection::shed() noexcept {
  is_shed_ = true;
  shard_.state().connection_count.fetch_sub(1, std::memory_order_relaxed);
  stream_->set_deadline(deadline{shard_.event_loop().now()});
}

void connection::cancel_shedding() noexcept {
  if (std::exchange(is_shed_, false)) shard_.state().count_shed_connection(info_);
}

void connection::drain() noexcept {
  if (upgraded_connection_) upgraded_connection_->drain();
  if (is_idle_) stream_->set_deadline(deadline::after(shard_.event_loop().now(), drain_grace_period));
}

/// Prepares for the header section of the next request.
void connection::begin_head() noexcept {
  is_reading_head_ = true;
  head_scanner_.reset();
  route_ = nullptr;
  operation_ = nullptr;
  rejection_ = {};
  rejection_reason_ = {};
  head_.clear();  // its views refer to bytes that may now be overwritten
  may_skip_empty_line_ = true;
  request_start_ = received_at_ = input_.empty() ? time_point{} : shard_.event_loop().now();
}

/// Searches for the end of the header section. Returns an empty result if more bytes are needed.
std::optional<connection::read_result> connection::scan_head() {
  // One empty line before the request line is ignored (RFC 9112 section 2.2).
  if (may_skip_empty_line_ && input_.unread().starts_with("\r\n")) {
    input_.consume(2);
    head_scanner_.reset();
    may_skip_empty_line_ = false;
  }
  const auto state = head_scanner_.scan(input_.unread());
  if (state == head_scanner::state::complete) return read_result::complete;
  const auto size = input_.unread().size();
  if (state == head_scanner::state::bare_line_feed || !may_become_request(input_.unread())) {
    rejection_ = status::bad_request;
    rejection_reason_ = invalid_start_reason(input_.unread(), state);
  } else if (!head_scanner_.has_start_line() && size > limits_.max_target_bytes + max_request_line_overhead) {
    rejection_ = status::uri_too_long;
  } else if (size >= limits_.max_header_bytes) {
    rejection_ = status::request_header_fields_too_large;
  } else {
    return std::nullopt;
  }
  return read_result::rejected;
}

/// Ends a read of a header section. Returns an empty result if more bytes are needed.
std::optional<connection::read_result> connection::end_head_read(const net::io_result& size, bool awaits_request) {
  const auto result = end_read(size, awaits_request);
  if (result != read_result::complete) return result;
  received_at_ = shard_.event_loop().now();
  if (awaits_request) request_start_ = received_at_;
  return scan_head();
}

/// The deadline of the next read of a header section.
deadline connection::head_deadline(bool awaits_request) noexcept {
  if (!awaits_request) {
    const auto timeout = info_.is_reserved ? limits_.reserve_timeout : limits_.header_timeout;
    return deadline::after(request_start_, timeout - used_header_timeout_);
  }
  const bool has_just_responded = response_sequence_ == shard_.event_loop().activity_sequence();
  idle_since_ = has_just_responded ? responded_at_ : shard_.event_loop().now();
  auto timeout = shard_.draining().is_set() ? drain_grace_period : limits_.idle_timeout;
  if (info_.is_reserved) timeout = std::min(timeout, limits_.reserve_timeout);
  return deadline::after(idle_since_, timeout);
}

/// Reads more bytes of a request into the buffer.
task<connection::read_result> connection::fill_buffer(deadline read_deadline) {
  if (!try_flush()) {
    const bool is_flushed = co_await flush();
    if (!is_flushed) co_return read_result::closed;
  }
  begin_read(read_deadline, false);
  auto read = stream_->read_some(input_.free_space());
  const auto size = co_await std::move(read);
  co_return end_read(size, false);
}

/// Prepares the buffer and the stream for a read. A connection that waits for a request releases the memory of the last
/// request. Precondition: the output has been sent.
void connection::begin_read(deadline read_deadline, bool awaits_request) {
  if (awaits_request) {
    input_.release();
    recycled_string{}.swap(output_);
    parser_.reset();
    forwarded_client_.reset();
    recycled_vector<header_field>{}.swap(head_.fields);
  } else {
    input_.reserve();
  }
  pipelined_count_ = 0;
  stream_->set_deadline(read_deadline);
  is_idle_ = awaits_request;
}

/// Adds the bytes of a read to the buffer.
connection::read_result connection::end_read(const net::io_result& size, bool awaits_request) {
  is_idle_ = false;
  if (size) {
    cancel_shedding();
    input_.commit(*size);
    return read_result::complete;
  }
  if (size.error() != asio::error::timed_out || awaits_request || is_shed_) return read_result::closed;
  rejection_ = status::request_timeout;
  return read_result::rejected;
}

/// Sends the responses to pipelined requests, and lets the other connections of the loop run before the next request.
task<> connection::pause_pipeline() {
  pipelined_count_ = 0;
  if (input_.empty()) co_return;
  shard_.state().metrics.bounds.pipeline_pauses_total.increment();
  // A failure also ends the next read or write.
  co_await flush();
  co_await yield_to_loop();
}

/// Reads the entire body into `body_`.
task<connection::read_result> connection::read_body(deadline response_deadline) {
  const auto length = parser_->content_length();
  const auto max_length = std::min<std::uint64_t>(max_body_bytes(), limits_.max_total_body_bytes);
  const auto timeout = limits_.transfer_timeout(limits_.body_timeout, length.value_or(max_length));
  const auto read_deadline = std::min(deadline::after(shard_.event_loop().now(), timeout), response_deadline);
  // The remaining memory reserve is for requests in progress.
  if (memory_reserve::is_low()) {
    rejection_ = status::service_unavailable;
    co_return read_result::rejected;
  }
  buffer_continue();
  if (length) body_.reserve(std::min<std::uint64_t>(*length, max_reserved_body));
  input_.preserve_consumed();
  for (;;) {
    std::optional<status> rejection;
    if (!input_.empty()) input_.consume(parser_->parse_body(input_.unread(), rejection));
    if (!rejection && !reserve_body_bytes()) rejection = status::service_unavailable;
    if (rejection) {
      rejection_ = *rejection;
      rejection_reason_ = parser_->rejection_reason();
      co_return read_result::rejected;
    }
    if (!parser_->has_body()) co_return read_result::complete;
    const auto result = co_await fill_buffer(read_deadline);
    if (result != read_result::complete) co_return result;
  }
}

/// Adds the growth of `body_` to the server's total; false if that exceeds its limit, or if memory is low.
bool connection::reserve_body_bytes() {
  auto& total = shard_.state().body_bytes;
  const auto growth = body_.size() - std::exchange(reserved_body_bytes_, body_.size());
  const auto new_total = total.fetch_add(growth, std::memory_order_relaxed) + growth;
  return new_total <= limits_.max_total_body_bytes && !memory_reserve::is_low();
}

/// Buffers `100 Continue` if the client waits for it (RFC 9110 section 10.1.1).
void connection::buffer_continue() {
  if (!parser_->expects_continue() || has_sent_continue_ || !input_.empty()) return;
  output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  has_sent_continue_ = true;
}

std::uint64_t connection::max_body_bytes() const noexcept {
  return operation_ ? operation_->settings().body_limit.value_or(limits_.max_body_bytes) : limits_.max_body_bytes;
}

std::size_t connection::min_body_rate() const noexcept {
  return operation_->settings().min_body_rate.value_or(limits_.min_bytes_per_second);
}

/// Whether the unread rest of the body can be discarded after the response: it is valid and known to be short, and the
/// client sends it regardless of the response.
bool connection::can_discard_body() {
  if (rejection_ != status{} || (body_reader_ && body_reader_->has_failed())) return false;
  if (parser_->expects_continue() && !has_sent_continue_ && input_.empty()) return false;
  auto& decoder = parser_->decoder();
  for (std::optional<status> rejection; !input_.empty() && parser_->has_body();) {
    input_.consume(decoder.decode_part(input_.unread(), rejection).consumed);
    if (rejection) return false;
  }
  return !parser_->has_body() || decoder.remaining_length().value_or(max_discarded_body + 1) <= max_discarded_body;
}

/// Reads the rest of the body after the response.
task<connection::disposition> connection::discard_body() {
  const bool is_flushed = co_await flush();
  if (!is_flushed) co_return disposition::close;
  const auto timeout = limits_.transfer_timeout(limits_.body_timeout, max_discarded_body);
  stream_->set_deadline(deadline::after(shard_.event_loop().now(), timeout));
  while (parser_->has_body()) {
    input_.clear();
    input_.reserve();
    auto read = stream_->read_some(input_.free_space());
    const auto size = co_await std::move(read);
    if (!size) co_return disposition::close;
    input_.commit(*size);
    std::optional<status> rejection;
    input_.consume(parser_->decoder().decode_part(input_.unread(), rejection).consumed);
  }
  co_return disposition::keep_alive;
}

void connection::release_body() noexcept {
  body_reader_.reset();
  has_sent_continue_ = false;
  release_body_bytes();
}

void connection::release_body_bytes() noexcept {
  if (reserved_body_bytes_ > 0) {
    shard_.state().body_bytes.fetch_sub(std::exchange(reserved_body_bytes_, 0), std::memory_order_relaxed);
  }
  if (body_.capacity() > max_reserved_body) std::string{}.swap(body_);
  body_.clear();
}

}  // namespace cohort::http
