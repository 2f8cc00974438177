// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/request_body_reader.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>

#include <cohort/http/server/connection/connection.hpp>
#include <cohort/http/server/content/exclusive_use.hpp>

namespace cohort::http {
namespace {

/// Size of the buffer, large enough that system calls cost less than copies in a fast transfer.
constexpr std::size_t direct_buffer_size = 64 * 1024;
/// Minimum content for the separate buffer; shorter content is read into the connection's buffer, together with the
/// following bytes.
constexpr std::uint64_t min_direct_read = 16 * 1024;

}  // namespace

request_body_reader::request_body_reader(connection& owner, request_context& context) noexcept
    : connection_(owner), context_(context), allowance_(owner.limits_.body_timeout) {}

std::optional<std::uint64_t> request_body_reader::content_length() const noexcept {
  const auto& parser = *connection_.parser_;
  const bool is_chunked = !parser.content_length() && connection_.head_.find(field::transfer_encoding);
  return is_chunked ? std::nullopt : std::optional<std::uint64_t>{parser.content_length().value_or(0)};
}

task<result<std::string_view, body_error>> request_body_reader::read(call_context context) {
  const exclusive_use use{is_reading_, "body_reader::read was called while another read was running: await each read"};
  const auto read_deadline = context.deadline;
  while (connection_.is_sending_interim_) {
    auto wait_task = connection_.interim_sent_.wait(read_deadline);
    if (co_await std::move(wait_task) != wait_status::notified) co_return body_error::deadline;
  }
  if (!has_started_) start();
  if (!failure_ && connection_.parser_->has_body()) {
    // The minimum rate limits the time for which this read may wait.
    const auto max_wait = connection_.min_body_rate() > 0 ? allowance_ : duration::zero();
    advance_deadline(deadline::after(connection_.shard_.event_loop().now(), max_wait));
  }
  for (;;) {
    const auto data = decode_received();
    if (failure_) co_return *failure_;
    if (!data.empty() || !connection_.parser_->has_body()) co_return data;
    if (!connection_.try_flush()) {
      const bool is_flushed = co_await connection_.flush();
      if (!is_flushed) failure_ = body_error::disconnected;
      if (failure_) co_return *failure_;
    }
    const auto content_buffer = direct_buffer();
    if (content_buffer.size() == 0) connection_.input_.reserve();
    auto receive_task =
        receive(content_buffer.size() > 0 ? content_buffer : connection_.input_.free_space(), read_deadline);
    const auto received = co_await std::move(receive_task);
    if (!received) {
      failure_ = receive_error(received.error(), read_deadline);
      co_return *failure_;
    }
    if (content_buffer.size() == 0) {
      connection_.input_.commit(*received);
      continue;
    }
    connection_.parser_->decoder().skip_content(*received);
    if (!connection_.parser_->has_body()) finish();
    co_return std::string_view{connection_.body_.data(), *received};
  }
}

void request_body_reader::start() {
  has_started_ = true;
  if (!connection_.parser_->has_body()) return;
  connection_.input_.preserve_consumed();
  connection_.buffer_continue();
}

void request_body_reader::advance_deadline(deadline start) noexcept {
  auto& streaming_deadline = connection_.streaming_deadline_;
  if (streaming_deadline.is_never()) return;
  streaming_deadline = deadline::after(start.time(), connection_.limits_.request_timeout);
  const auto current = connection_.current_deadline(context_);
  connection_.handler_run_.set_deadline(current);
  if (auto* record = context_.timing().recording().get()) record->deadline = current;
}

/// Called when the entire body has been read. From then on, the request has the ordinary timeout.
void request_body_reader::finish() noexcept {
  advance_deadline(deadline{connection_.shard_.event_loop().now()});
  context_.set_deadline(connection_.current_deadline(context_));
  if (connection_.input_.empty()) connection_.handler_run_.detect_disconnect();
}

std::string_view request_body_reader::decode_received() {
  auto& input = connection_.input_;
  if (failure_ || input.empty() || !connection_.parser_->has_body()) return {};
  std::optional<status> rejection;
  const auto part = connection_.parser_->decoder().decode_part(input.unread(), rejection);
  input.consume(part.consumed);
  if (rejection) failure_ = *rejection == status::bad_request ? body_error::malformed : body_error::too_large;
  if (!connection_.parser_->has_body()) finish();
  return part.content;
}

asio::mutable_buffer request_body_reader::direct_buffer() {
  const auto following_bytes = connection_.parser_->decoder().following_content();
  auto& buffer = connection_.body_;
  if (following_bytes < min_direct_read || !connection_.input_.empty()) return {};
  if (buffer.empty()) {
    buffer.resize(direct_buffer_size);
    if (!connection_.reserve_body_bytes()) {
      connection_.release_body_bytes();
      return {};
    }
  }
  return asio::buffer(buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(following_bytes, buffer.size())));
}

task<net::io_result> request_body_reader::receive(asio::mutable_buffer buffer, deadline read_deadline) {
  auto& stream = *connection_.stream_;
  const auto& event_loop = connection_.shard_.event_loop();
  const auto rate = connection_.min_body_rate();
  const auto start = event_loop.now();
  stream.set_deadline(rate > 0 ? std::min(read_deadline, deadline::after(start, allowance_)) : read_deadline);
  is_receiving_ = true;
  auto read_task = stream.read_some(buffer);
  const auto received = co_await std::move(read_task);
  is_receiving_ = false;
  stream.set_deadline(deadline::never());
  if (received && rate > 0) {
    const duration time_for_received_bytes{static_cast<duration::rep>(*received * std::nano::den / rate)};
    allowance_ =
        std::min(connection_.limits_.body_timeout, allowance_ - (event_loop.now() - start) + time_for_received_bytes);
  }
  co_return received;
}

body_error request_body_reader::receive_error(error_code error, deadline read_deadline) const noexcept {
  if (error == asio::error::operation_aborted) return body_error::deadline;
  if (error != asio::error::timed_out) return body_error::disconnected;
  return read_deadline.expired(connection_.shard_.event_loop().now()) ? body_error::deadline : body_error::too_slow;
}

}  // namespace cohort::http
