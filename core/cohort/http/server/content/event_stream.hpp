// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/request_context.hpp>
#include <cohort/runtime/concurrency/broadcast.hpp>
#include <cohort/runtime/concurrency/race.hpp>

namespace cohort::http {

/// An event of a stream (WHATWG HTML, "Server-sent events").
struct server_event {
  /// Each line becomes a `data` field.
  std::string data;
  /// The event type; empty for `message`. No line breaks.
  std::string type{};
  /// The client sends the last ID as `Last-Event-ID` when it reconnects; not sent if empty. No line breaks or NUL.
  std::string id{};
  /// The time after which the client reconnects; sent in milliseconds.
  std::optional<duration> retry{};
};

/// The event as sent. Throws `std::invalid_argument` if `type` or `id` has a line break, or `id` a NUL.
std::string format_event(const server_event& event);

/// Sends server-sent events, with a comment as heartbeat while there are none, so that proxies keep the connection open
/// and a disconnected client is detected. Used by one coroutine.
class event_stream {
 public:
  /// `output` must outlive this object. `last_event_id` is the `Last-Event-ID` of the request; empty if there is none.
  event_stream(body_writer& output, std::string last_event_id, duration heartbeat)
      : output_(output), last_event_id_(std::move(last_event_id)), heartbeat_(heartbeat) {}

  /// The ID of the last event that the client has received; the producer must send the events after that event.
  const std::string& last_event_id() const noexcept { return last_event_id_; }
  /// Whether events can be sent: the client is connected, and the server is not draining.
  bool is_open() noexcept { return output_.ok() && !output_.draining(); }

  /// Returns false once the client has disconnected.
  task<bool> send(server_event event);
  /// Sends the concatenated results of `format_event` for any number of events. Use this function to format an event
  /// for many clients once, and to send several events in one write.
  task<bool> send_formatted(std::string events);
  /// Sleeps for `span`, with heartbeats. Returns false, early, once the client has disconnected or the server is
  /// draining.
  task<bool> pause(duration span);
  /// The next value of a subscription, with heartbeats while there is none. Returns null once the client has
  /// disconnected, the server is draining, or the subscription has ended.
  template <class T>
  task<std::shared_ptr<const T>> next(typename broadcast<T>::subscription& source) {
    while (is_open()) {
      auto wait_task = race(source.next(), output_.pause(heartbeat_));
      auto first = co_await std::move(wait_task);
      if (auto* value = std::get_if<0>(&first)) {
        if (*value) co_return std::move(**value);
        co_return nullptr;
      }
      if (std::get<1>(first) != wait_status::timed_out) co_return nullptr;
      auto heartbeat_task = send_heartbeat();
      co_await std::move(heartbeat_task);
    }
    co_return nullptr;
  }

 private:
  task<bool> send_heartbeat();

  body_writer& output_;
  std::string last_event_id_;
  duration heartbeat_;
};

/// A `text/event-stream` that `producer` sends. The stream ends when the producer returns; the client then reconnects
/// after its retry time. `heartbeat` is the interval of comments while there are no events. The interval must be
/// shorter than the idle timeout of proxies, which is usually 60 s.
response event_stream_response(const request_context& context, std::function<task<>(event_stream&)> producer,
                               duration heartbeat = std::chrono::seconds{15});

}  // namespace cohort::http
