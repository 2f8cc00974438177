// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/response_stream.hpp>

#include <charconv>
#include <string_view>
#include <utility>

namespace cohort::testing {
namespace {

using body_pointer = std::unique_ptr<http::response_body_stream>;
using text_result = result<std::string, http::client_error>;

task<> destroy(body_pointer body) {
  body.reset();
  co_return;
}

task<text_result> read_chunk(http::response_body_stream& body, deadline read_deadline) {
  const auto chunk = co_await body.read(read_deadline);
  if (!chunk) co_return chunk.error();
  co_return std::string{*chunk};
}

task<text_result> read_all(http::response_body_stream& body, deadline read_deadline) {
  std::string all;
  for (;;) {
    const auto chunk = co_await body.read(read_deadline);
    if (!chunk) co_return chunk.error();
    if (chunk->empty()) co_return all;
    all.append(*chunk);
  }
}

/// Adds one line of an event (WHATWG HTML, "Interpreting an event stream").
void add_line(http::server_event& event, bool& has_data, std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    if (std::exchange(has_data, true)) event.data += '\n';
    event.data += value;
  } else if (name == "event") {
    event.type = value;
  } else if (name == "id") {
    event.id = value;
  } else if (name == "retry") {
    std::int64_t milliseconds = 0;
    const auto* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, milliseconds);
    if (error == std::errc{} && stop == end) event.retry = std::chrono::milliseconds{milliseconds};
  }
}

}  // namespace

response_stream::response_stream(virtual_time& time, http::streamed_response response)
    : time_(&time), head_(std::move(response.head)), body_(std::move(response.body)) {}

response_stream::~response_stream() { disconnect(); }

result<std::string, http::client_error> response_stream::read(duration timeout) {
  if (!input_.empty()) return std::exchange(input_, {});
  if (!body_) return http::client_error::body_truncated;
  return time_->run(read_chunk(*body_, deadline::after(time_->now(), timeout)));
}

result<std::string, http::client_error> response_stream::read_to_end(duration timeout) {
  if (!body_) return http::client_error::body_truncated;
  auto remaining_body = time_->run(read_all(*body_, deadline::after(time_->now(), timeout)));
  if (!remaining_body) return remaining_body.error();
  return std::exchange(input_, {}) + *remaining_body;
}

result<http::server_event, http::client_error> response_stream::next_event(duration timeout) {
  const auto call_deadline = deadline::after(time_->now(), timeout);
  for (;;) {
    if (auto event = take_event()) return std::move(*event);
    if (!body_) return http::client_error::body_truncated;
    const auto chunk = time_->run(read_chunk(*body_, call_deadline));
    if (!chunk) return chunk.error();
    if (chunk->empty()) return http::client_error::body_truncated;
    input_ += *chunk;
  }
}

/// Removes complete events from the input up to the first event with data, and returns that event.
std::optional<http::server_event> response_stream::take_event() {
  for (;;) {
    const auto end = input_.find("\n\n");
    if (end == std::string::npos) return std::nullopt;
    const auto block = input_.substr(0, end + 1);
    input_.erase(0, end + 2);
    http::server_event event;
    bool has_data = false;
    for (std::size_t start = 0; start < block.size();) {
      const auto line_end = block.find('\n', start);
      const auto line = std::string_view{block}.substr(start, line_end - start);
      if (line.starts_with(':')) {
        ++comment_count_;
      } else {
        add_line(event, has_data, line);
      }
      start = line_end + 1;
    }
    if (has_data) return event;
  }
}

void response_stream::disconnect() {
  if (body_) time_->run(destroy(std::move(body_)));
}

}  // namespace cohort::testing
