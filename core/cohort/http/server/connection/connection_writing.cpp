// SPDX-License-Identifier: BSL-1.0
// Writes responses.
#include <cohort/http/server/connection/connection.hpp>
#include <cohort/http/server/connection/response_head.hpp>
#include <cohort/net/linger.hpp>

namespace cohort::http {
namespace {

/// Initial capacity of the output buffer; large enough for most responses. The memory is released while the connection
/// waits for a request.
constexpr std::size_t initial_output_capacity = 1000;
/// Responses to pipelined requests are sent together up to this size.
constexpr std::size_t max_batched_output = 64 * 1024;
/// A larger body is sent from its own memory instead of being copied after its header section.
constexpr std::size_t max_copied_body = 16 * 1024;
/// Limits of the lingering close after the last response: the time, which is extended by the transfer time of the
/// response, and the number of bytes.
constexpr duration linger_timeout = std::chrono::seconds{1};
constexpr std::size_t max_lingering_bytes = 16 * 1024 * 1024;

std::string_view rejection_message(status code) noexcept {
  switch (code) {
    case status::request_timeout: return "Receiving the request timed out";
    case status::payload_too_large: return "The body of the request is too large";
    case status::uri_too_long: return "The target of the request is too long";
    case status::expectation_failed: return "Only the expectation 100-continue is supported";
    case status::request_header_fields_too_large: return "The header section of the request is too large";
    case status::service_unavailable: return "The server is overloaded, retry later";
    case status::http_version_not_supported: return "Only HTTP/1.1 and HTTP/1.0 are supported";
    case status::not_implemented: return "The method or transfer coding is not supported";
    default: return "The request is malformed";
  }
}

}  // namespace

/// Buffers the error response to an invalid request; the connection must then be closed. The request was not passed to
/// a handler.
void connection::reject() {
  auto& state = shard_.state();
  const auto code = rejection_;
  const auto now = begin_response();
  const auto start = request_start_ == time_point{} ? now : request_start_;
  const auto line = recognized_request_line();
  state.metrics.on_response(route_, head_.method_text, head_.method, code, now - start, {}, now);
  state.log.write(telemetry::log_level::info, "request rejected",
                  {{"status", static_cast<std::int64_t>(code)},
                   {"reason", rejection_reason_.empty() ? rejection_message(code) : rejection_reason_},
                   {"method", line.method},
                   {"path", line.path},
                   {"peer", info_.peer_address},
                   {"client", info_.client_address}});
  const auto error = rejection_response();
  append_head(error, error.content().size(), false, false);
  if (line.method != "HEAD") output_.append(error.content());
  response_bytes_ = error.content().size();
}

response connection::rejection_response() const {
  std::string message{rejection_message(rejection_)};
  if (!rejection_reason_.empty()) message.append(": ").append(rejection_reason_);
  return rejection_ == status::service_unavailable ? overload_response(message) : error_response(rejection_, message);
}

bool connection::can_keep_alive(const response& result) const {
  // A client with pipelined requests could not detect whether the discarded requests were processed.
  const bool announces_drain = shard_.state().closes_after_response.load(std::memory_order_relaxed) && input_.empty();
  return parser_->keep_alive() && requests_left_ > 0 && !info_.is_surplus && !result.closes_connection() &&
         !announces_drain && !shard_.draining().is_set();
}

void connection::append_head(const response& result, std::optional<std::uint64_t> content_length, bool keep_alive,
                             bool is_chunked) {
  const response_framing framing{.content_length = content_length,
                                 .is_chunked = is_chunked,
                                 .keep_alive = keep_alive,
                                 .is_http_1_0 = head_.is_http_1_0};
  if (output_.empty()) output_.reserve(initial_output_capacity);
  const auto& settings = shard_.state().settings;
  const bool is_over_tls = !settings.common_header_lines_over_tls.empty() &&
                           (tls_ || (forwarded_client_ && forwarded_client_->proto == "https"));
  append_response_head(output_, result, framing, shard_.date_line(),
                       is_over_tls ? settings.common_header_lines_over_tls : settings.common_header_lines);
}

/// Buffers a response that is not streamed. Returns false if `send_unbuffered` must be called next: the body is too
/// large to be copied, or the buffer is full.
bool connection::buffer_response(const response& result, bool keep_alive) {
  const auto content = result.content();
  // At this point, only a response to HEAD or without a body can have a producer.
  append_head(result, result.producer() ? result.stream_length() : std::optional<std::uint64_t>{content.size()},
              keep_alive, false);
  response_bytes_ = content.size();
  if (head_.method == method::head || !may_have_body(result.code())) return true;
  if (content.size() > max_copied_body) return false;
  output_.append(content);
  return output_.size() < max_batched_output;
}

/// Sends the buffered output, and then the body if it was too large to be buffered. Returns false if the connection is
/// lost.
task<bool> connection::send_unbuffered(std::string_view content) {
  if (content.size() <= max_copied_body) co_return co_await flush();
  const auto timeout = limits_.transfer_timeout(limits_.write_timeout, content.size());
  stream_->set_deadline(deadline::after(shard_.event_loop().now(), timeout));
  const net::const_buffers buffers{asio::buffer(output_), asio::buffer(content.data(), content.size())};
  const auto written = co_await net::write_all(*stream_, buffers);
  output_.clear();
  co_return written.has_value();
}

/// Sends as many bytes as possible without waiting; returns whether all are sent. The next `flush` reports an error.
bool connection::try_flush() {
  if (output_.empty()) return true;
  const net::const_buffers buffers{asio::buffer(output_), asio::const_buffer{}};
  const auto written = stream_->try_write(buffers);
  if (!written) return false;
  output_.erase(0, *written);
  return output_.empty();
}

/// Sends the buffered output. Returns false if the connection is lost.
task<bool> connection::flush() {
  if (try_flush()) co_return true;
  const auto timeout = limits_.transfer_timeout(limits_.write_timeout, output_.size());
  stream_->set_deadline(deadline::after(shard_.event_loop().now(), timeout));
  const net::const_buffers buffers{asio::buffer(output_), asio::const_buffer{}};
  const auto written = co_await net::write_all(*stream_, buffers);
  output_.clear();
  co_return written.has_value();
}

/// Sends an interim response, unless the output buffer has unsent bytes.
task<bool> connection::send_interim(const response& interim) {
  const auto code = static_cast<unsigned>(interim.code());
  const bool is_interim = code >= 100 && code < 200 && interim.code() != status::switching_protocols;
  if (!is_interim || head_.is_http_1_0 || is_sending_interim_ || !output_.empty()) co_return false;
  recycled_string text;
  append_interim_head(text, interim);
  if (interim.code() == status::continue_) has_sent_continue_ = true;
  const auto written = stream_->try_write({asio::buffer(text), asio::const_buffer{}});
  if (written && *written == text.size()) co_return true;
  text.erase(0, written ? *written : 0);
  is_sending_interim_ = true;
  // A pending read of the body has its own deadline, and a stream has one deadline for both directions.
  const bool is_receiving = body_reader_ && body_reader_->is_receiving();
  if (!is_receiving) stream_->set_deadline(deadline::after(shard_.event_loop().now(), limits_.write_timeout));
  const net::const_buffers buffers{asio::buffer(text), asio::const_buffer{}};
  auto write_task = net::write_all(*stream_, buffers);
  const auto sent = co_await std::move(write_task);
  // A part of a response must not be followed by another response.
  if (!sent) stream_->close();
  if (!is_receiving) stream_->set_deadline(deadline::never());
  is_sending_interim_ = false;
  interim_sent_.notify_all();
  co_return sent.has_value();
}

task<> connection::linger() {
  const auto timeout = limits_.transfer_timeout(linger_timeout, response_bytes_);
  const auto now = shard_.event_loop().now();
  const auto linger_deadline = deadline::after(now, timeout);
  shard_.connections_.begin_closing(*this, now);
  input_.clear();
  input_.reserve();
  return net::linger(*stream_, linger_deadline, input_.free_space(), max_lingering_bytes);
}

}  // namespace cohort::http
