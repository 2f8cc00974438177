// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/event_stream.hpp>

#include <algorithm>
#include <stdexcept>

#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

task<> produce(std::function<task<>(event_stream&)> producer, body_writer& output, std::string last_event_id,
               duration heartbeat) {
  output.mark_complete();  // an event stream may end at any time
  event_stream events{output, std::move(last_event_id), heartbeat};
  auto work = producer(events);
  co_await std::move(work);
}

}  // namespace

std::string format_event(const server_event& event) {
  constexpr std::string_view forbidden_characters{"\r\n\0", 3};
  if (event.type.find_first_of("\r\n") != std::string::npos ||
      event.id.find_first_of(forbidden_characters) != std::string::npos)
    throw std::invalid_argument("the type and the ID of a server-sent event must not have line breaks");
  std::string text;
  if (!event.id.empty()) text.append("id: ").append(event.id).append("\n");
  if (event.retry) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(*event.retry).count();
    text.append("retry: ").append(std::to_string(milliseconds)).append("\n");
  }
  return text + sse_event(event.type.empty() ? "message" : event.type, event.data);
}

task<bool> event_stream::send(server_event event) {
  auto write_task = output_.write(format_event(event));
  co_return co_await std::move(write_task);
}

task<bool> event_stream::send_formatted(std::string events) {
  auto write_task = output_.write(std::move(events));
  co_return co_await std::move(write_task);
}

task<bool> event_stream::send_heartbeat() {
  // A line that starts with a colon is a comment, which clients ignore.
  std::string comment = ":\n\n";
  auto write_task = output_.write(std::move(comment));
  co_return co_await std::move(write_task);
}

task<bool> event_stream::pause(duration span) {
  const auto pause_deadline = deadline::after(loop::current().now(), span);
  while (is_open()) {
    const auto time_left = remaining(pause_deadline);
    const auto status = co_await output_.pause(std::min(time_left, heartbeat_));
    if (status != wait_status::timed_out) co_return false;
    if (time_left <= heartbeat_) co_return is_open();
    auto heartbeat_task = send_heartbeat();
    co_await std::move(heartbeat_task);
  }
  co_return false;
}

response event_stream_response(const request_context& context, std::function<task<>(event_stream&)> producer,
                               duration heartbeat) {
  std::string last_event_id{find_unique(context.head(), "last-event-id").value_or(std::string_view{})};
  response events;
  events.stream([producer = std::move(producer), last_event_id = std::move(last_event_id),
                 heartbeat](body_writer& output) { return produce(producer, output, last_event_id, heartbeat); },
                "text/event-stream");
  events.set("Cache-Control", "no-store").set("X-Accel-Buffering", "no");
  return events;
}

}  // namespace cohort::http
