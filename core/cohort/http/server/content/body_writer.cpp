// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_writer.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <charconv>

#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

/// The part of a file that is sent with one timeout.
constexpr std::size_t file_piece = 256 * 1024;
/// How much is sent before other handlers of the loop run, if the client takes it without a wait.
constexpr std::size_t max_bytes_without_turn = 1024 * 1024;

}  // namespace

task<> body_writer::send(std::string bytes) {
  const auto timeout = limits_.transfer_timeout(limits_.write_timeout, bytes.size());
  stream_.set_deadline(deadline::after(loop::current().now(), timeout));
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  const auto written = co_await net::write_all(stream_, buffers);
  stream_.set_deadline(deadline::never());
  if (!written) ok_ = false;
  bytes_sent_ += bytes.size();
}

std::string body_writer::start_part(std::uint64_t size) {
  if (remaining_) {
    exceeds_length_ = size > *remaining_;
    ok_ = !exceeds_length_;
    if (ok_) *remaining_ -= size;
  }
  if (framing_ != framing::chunked) return {};
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

task<bool> body_writer::write(std::string bytes) {
  if (!ok_) co_return false;
  if (bytes.empty()) co_return true;
  const auto prefix = start_part(bytes.size());
  if (!ok_) co_return false;
  if (framing_ == framing::chunked) {
    bytes.insert(0, prefix);
    bytes += "\r\n";
  }
  co_await send(std::move(bytes));
  co_return ok_;
}

task<bool> body_writer::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  if (!ok_) co_return false;
  if (count == 0) co_return true;
  auto prefix = start_part(count);
  if (!ok_) co_return false;
  if (!prefix.empty()) co_await send(std::move(prefix));
  for (std::size_t without_turn = 0; ok_ && count > 0;) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(count, file_piece));
    const auto timeout = limits_.transfer_timeout(limits_.write_timeout, piece);
    stream_.set_deadline(deadline::after(loop::current().now(), timeout));
    auto writing = net::write_file(stream_, file, offset, piece);
    const auto written = co_await std::move(writing);
    stream_.set_deadline(deadline::never());
    // A file that became shorter cannot be completed.
    ok_ = written && *written > 0;
    if (!ok_) break;
    offset += *written;
    count -= *written;
    bytes_sent_ += *written;
    // A fast client must not keep the loop from its other connections.
    without_turn += *written;
    if (without_turn < max_bytes_without_turn) continue;
    without_turn = 0;
    co_await asio::post(loop::current().get_executor(), asio::deferred);
  }
  if (ok_ && framing_ == framing::chunked) co_await send("\r\n");
  co_return ok_;
}

task<wait_status> body_writer::pause(duration span) {
  const auto status = co_await draining_.wait(deadline::after(loop::current().now(), span));
  learnt_of_drain_ = learnt_of_drain_ || status == wait_status::notified;
  co_return status;
}

task<bool> body_writer::finish() {
  if (was_stopped_by_drain()) ok_ = false;
  if (ok_ && framing_ == framing::chunked) {
    std::string last_chunk = "0\r\n\r\n";
    co_await send(std::move(last_chunk));
  }
  co_return ok_&& framing_ != framing::until_close&& remaining_.value_or(0) == 0;
}

std::string sse_event(std::string_view name, std::string_view data) {
  std::string text;
  text.append("event: ").append(name).append("\n");
  for (;;) {
    // A carriage return is a line end in this format, too; left in place, it would let data act as a field.
    const auto end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return text + "\n";
}

}  // namespace cohort::http
