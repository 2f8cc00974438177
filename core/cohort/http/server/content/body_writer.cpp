// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_writer.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <charconv>

#include <cohort/http/server/content/exclusive_use.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

/// Maximum number of bytes of a file that are sent with one timeout.
constexpr std::size_t max_file_chunk_bytes = 256 * 1024;
/// Maximum number of bytes to encode before other handlers of the loop run. Encoding this number of bytes takes 1 to 3
/// ms.
constexpr std::size_t max_input_bytes_between_yields = 64 * 1024;
/// Maximum number of bytes that are encoded by one call of the encoder.
constexpr std::size_t max_input_chunk_bytes = 64 * 1024;
/// Minimum encoded output that is sent; less output is buffered until more is encoded, or until a flush or the end of
/// the body.
constexpr std::size_t min_encoded_part = 8 * 1024;

constexpr const char* overlapping_calls_error =
    "a body_writer was called while another call was running: await each call";

}  // namespace

task<> body_writer::send(std::string bytes) {
  const auto timeout = limits_.transfer_timeout(limits_.write_timeout, bytes.size());
  stream_.set_deadline(deadline::after(loop::current().now(), timeout));
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  const auto written = co_await net::write_all(stream_, buffers);
  stream_.set_deadline(deadline::never());
  if (!written) is_ok_ = false;
  bytes_sent_ += bytes.size();
}

void body_writer::count_part(std::uint64_t size) noexcept {
  if (!remaining_) return;
  exceeds_length_ = size > *remaining_;
  is_ok_ = !exceeds_length_;
  if (is_ok_) *remaining_ -= size;
}

std::string body_writer::part_prefix(std::uint64_t size) const {
  if (framing_ != framing::chunked) return {};
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

std::string body_writer::add_framing(std::string bytes) const {
  if (framing_ != framing::chunked) return bytes;
  bytes.insert(0, part_prefix(bytes.size()));
  return bytes += "\r\n";
}

task<bool> body_writer::write(std::string bytes) {
  const exclusive_use use{is_in_use_, overlapping_calls_error};
  if (!is_ok_) co_return false;
  if (bytes.empty()) co_return true;
  count_part(bytes.size());
  if (!is_ok_) co_return false;
  auto write_task = encoder_ ? write_encoded(bytes) : send(add_framing(std::move(bytes)));
  co_await std::move(write_task);
  co_return is_ok_;
}

/// Encodes bytes, and sends the output once it is large enough for a part, or at a flush or the end.
task<> body_writer::encode(std::string_view bytes, content_encoder::operation step) {
  is_ok_ = encoder_->encode(bytes, step, encoded_bytes_);
  const bool delays_output = step == content_encoder::operation::process && encoded_bytes_.size() < min_encoded_part;
  if (!is_ok_ || encoded_bytes_.empty() || delays_output) co_return;
  auto send_task = send(add_framing(std::exchange(encoded_bytes_, {})));
  co_await std::move(send_task);
}

task<> body_writer::write_encoded(std::string_view bytes) {
  using operation = content_encoder::operation;
  while (is_ok_ && !bytes.empty()) {
    const auto chunk = bytes.substr(0, max_input_chunk_bytes);
    bytes.remove_prefix(chunk.size());
    const bool flushes = bytes.empty() && flushes_each_write_;
    auto encode_task = encode(chunk, flushes ? operation::flush : operation::process);
    co_await std::move(encode_task);
    input_bytes_since_yield_ += chunk.size();
    if (input_bytes_since_yield_ < max_input_bytes_between_yields) continue;
    input_bytes_since_yield_ = 0;
    co_await yield_to_loop();
  }
}

task<> body_writer::encode_file(int file, std::uint64_t offset, std::uint64_t count) {
  std::string chunk;
  while (is_ok_ && count > 0) {
    chunk.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, max_input_chunk_bytes)));
    const auto size = ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(offset));
    // The response cannot be completed if the file was truncated.
    is_ok_ = size > 0;
    if (!is_ok_) co_return;
    offset += static_cast<std::uint64_t>(size);
    count -= static_cast<std::uint64_t>(size);
    auto encode_task = write_encoded(std::string_view{chunk}.substr(0, static_cast<std::size_t>(size)));
    co_await std::move(encode_task);
  }
}

task<bool> body_writer::flush() {
  const exclusive_use use{is_in_use_, overlapping_calls_error};
  if (is_ok_ && encoder_) {
    auto encode_task = encode({}, content_encoder::operation::flush);
    co_await std::move(encode_task);
  }
  co_return is_ok_;
}

task<bool> body_writer::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  const exclusive_use use{is_in_use_, overlapping_calls_error};
  if (!is_ok_) co_return false;
  if (count == 0) co_return true;
  count_part(count);
  if (!is_ok_) co_return false;
  if (encoder_) {
    auto encode_task = encode_file(file, offset, count);
    co_await std::move(encode_task);
    co_return is_ok_;
  }
  auto prefix = part_prefix(count);
  if (!prefix.empty()) co_await send(std::move(prefix));
  while (is_ok_ && count > 0) {
    const auto chunk = static_cast<std::size_t>(std::min<std::uint64_t>(count, max_file_chunk_bytes));
    const auto timeout = limits_.transfer_timeout(limits_.write_timeout, chunk);
    stream_.set_deadline(deadline::after(loop::current().now(), timeout));
    auto write_task = net::write_file(stream_, file, offset, chunk);
    const auto written = co_await std::move(write_task);
    stream_.set_deadline(deadline::never());
    // The response cannot be completed if the file was truncated.
    is_ok_ = written && *written > 0;
    if (!is_ok_) break;
    offset += *written;
    count -= *written;
    bytes_sent_ += *written;
  }
  if (is_ok_ && framing_ == framing::chunked) co_await send("\r\n");
  co_return is_ok_;
}

task<wait_status> body_writer::pause(duration span) {
  if (encoder_) {
    auto flush_task = flush();
    co_await std::move(flush_task);
  }
  const auto status = co_await draining_.wait(deadline::after(loop::current().now(), span));
  has_reported_drain_ = has_reported_drain_ || status == wait_status::notified;
  co_return status;
}

task<bool> body_writer::finish() {
  if (was_stopped_by_drain() || remaining_.value_or(0) > 0) is_ok_ = false;
  if (is_ok_ && encoder_) {
    auto encode_task = encode({}, content_encoder::operation::finish);
    co_await std::move(encode_task);
  }
  if (is_ok_ && framing_ == framing::chunked) {
    std::string last_chunk = "0\r\n\r\n";
    co_await send(std::move(last_chunk));
  }
  co_return is_ok_&& framing_ != framing::until_close&& remaining_.value_or(0) == 0;
}

std::string sse_event(std::string_view name, std::string_view data) {
  std::string text;
  text.append("event: ").append(name).append("\n");
  for (;;) {
    // A carriage return also ends a line in this format; without the replacement, data could inject a field.
    const auto end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return text + "\n";
}

}  // namespace cohort::http
