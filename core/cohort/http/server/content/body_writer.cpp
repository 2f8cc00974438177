// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_writer.hpp>

#include <array>
#include <charconv>

#include <cohort/runtime/loop.hpp>

namespace cohort::http {

task<> body_writer::send(std::string bytes) {
  const auto timeout = limits_.transfer_timeout(limits_.write_timeout, bytes.size());
  stream_.set_deadline(deadline::after(loop::current().now(), timeout));
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  const auto written = co_await net::write_all(stream_, buffers);
  stream_.set_deadline(deadline::never());
  if (!written) ok_ = false;
  bytes_sent_ += bytes.size();
}

task<bool> body_writer::write(std::string bytes) {
  if (!ok_) co_return false;
  if (bytes.empty()) co_return true;
  if (remaining_) {
    exceeds_length_ = bytes.size() > *remaining_;
    ok_ = !exceeds_length_;
    if (!ok_) co_return false;
    *remaining_ -= bytes.size();
  }
  if (framing_ == framing::chunked) {
    std::array<char, 20> size;
    const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
    bytes.insert(0, std::string(size.data(), end) + "\r\n");
    bytes += "\r\n";
  }
  co_await send(std::move(bytes));
  co_return ok_;
}

task<wait_status> body_writer::pause(duration span) {
  co_return co_await draining_.wait(deadline::after(loop::current().now(), span));
}

task<bool> body_writer::finish() {
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
