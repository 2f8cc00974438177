#include "core/http/body_writer.hpp"

#include <array>
#include <charconv>

namespace cohort::http {

task<> body_writer::send(std::string bytes) {
  stream_.set_deadline(deadline::after(loop::current().now(), limits_.time_for(limits_.write_time, bytes.size())));
  const net::const_buffers pieces{asio::buffer(bytes), asio::const_buffer{}};
  const auto sent = co_await net::write_all(stream_, pieces);
  stream_.set_deadline(deadline::never());
  if (!sent) ok_ = false;
}

task<bool> body_writer::write(std::string bytes) {
  if (!ok_) co_return false;
  if (bytes.empty()) co_return true;
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

task<> body_writer::finish() {
  if (!ok_ || framing_ != framing::chunked) co_return;
  std::string last = "0\r\n\r\n";
  co_await send(std::move(last));
}

std::string sse_event(std::string_view name, std::string_view data) {
  std::string text;
  text.append("event: ").append(name).append("\n");
  for (;;) {
    // A carriage return ends a line there too; left in, it would let data speak as a field.
    const auto end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return text + "\n";
}

}  // namespace cohort::http
