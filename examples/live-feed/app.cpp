// SPDX-License-Identifier: BSL-1.0
#include "examples/live-feed/app.hpp"

#include <charconv>
#include <deque>
#include <mutex>
#include <optional>

#include <cohort/http/server/content/event_stream.hpp>

using namespace cohort;

namespace live_feed {
namespace {

struct score {
  std::uint64_t id;
  std::string text;
};

/// The subscribers and the latest events. The mutex is necessary because handlers run on all loops.
class feed {
 public:
  std::uint64_t publish(std::string text) {
    const std::lock_guard lock{mutex_};
    history_.push_back({++last_id_, std::move(text)});
    scores_.publish(history_.back());
    if (history_.size() > max_history) history_.pop_front();
    return last_id_;
  }
  broadcast<score>::subscription subscribe() { return scores_.subscribe(); }
  /// Returns the events of the history after `id`.
  std::deque<score> after(std::uint64_t id) const {
    const std::lock_guard lock{mutex_};
    auto events = history_;
    while (!events.empty() && events.front().id <= id) events.pop_front();
    return events;
  }

 private:
  static constexpr std::size_t max_history = 100;
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::deque<score> history_;
  broadcast<score> scores_{max_history};
};

task<bool> send(http::event_stream& events, const score& sent) {
  http::server_event event{.data = sent.text, .type = "score", .id = std::to_string(sent.id)};
  return events.send(std::move(event));
}

/// Returns an empty value if `text` is not the ID of an event.
std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stop == end ? std::optional{id} : std::nullopt;
}

/// Sends the events that the client has missed, and then each new event.
task<> follow(std::shared_ptr<feed> source, http::event_stream& events) {
  // Subscribes first: an event can be both in the history and in the subscription, but is sent only once.
  auto updates = source->subscribe();
  std::uint64_t last = 0;
  if (const auto id = parse_id(events.last_event_id())) {
    for (const auto& missed : source->after(*id)) {
      auto send_task = send(events, missed);
      if (!co_await std::move(send_task)) co_return;
      last = missed.id;
    }
  }
  for (;;) {
    auto wait_task = events.next<score>(updates);
    const auto next = co_await std::move(wait_task);
    if (!next) co_return;
    if (next->id <= last) continue;
    auto send_task = send(events, *next);
    if (!co_await std::move(send_task)) co_return;
  }
}

}  // namespace

http::router app() {
  auto source = std::make_shared<feed>();
  http::router routes;
  routes
      .post("/api/scores",
            [source](http::request_context& context) {
              const auto body = context.body();
              if (body.empty() || body.size() > 200) {
                return http::error_response(http::status::bad_request, "The body must have 1 to 200 bytes");
              }
              const auto id = source->publish(std::string{body});
              return http::json_response("{\"id\":" + std::to_string(id) + "}", http::status::created);
            })
      .reads({.body_schema = R"({"type":"string","minLength":1,"maxLength":200})", .body_media_type = "text/plain"})
      .returns(http::status::created, "The ID of the event",
               {.media_type = "application/json",
                .schema = R"({"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],)"
                          R"("additionalProperties":false})"});
  routes.get("/events", [source](http::request_context& context) {
    return http::event_stream_response(context,
                                       [source](http::event_stream& events) { return follow(source, events); });
  });
  return routes;
}

}  // namespace live_feed
