// SPDX-License-Identifier: BSL-1.0
// A chat with rooms: a WebSocket for each member, and a broadcast for each room. See README.md.
#include <map>
#include <memory>
#include <mutex>

#include <cohort/http/websocket/websocket.hpp>
#include <cohort/runtime/concurrency/broadcast.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/service/service.hpp>
#include "examples/chat/page.hpp"

using namespace cohort;

namespace {

constexpr std::size_t max_buffered_messages = 256;
constexpr std::size_t max_name_bytes = 40;

using room = broadcast<http::prepared_message>;

/// The rooms with members. Thread-safe.
class rooms {
 public:
  std::shared_ptr<room> enter(std::string_view name) {
    const std::lock_guard lock{mutex_};
    std::erase_if(rooms_, [](const auto& entry) { return entry.second.expired(); });
    auto& entry = rooms_[std::string{name}];
    auto chat_room = entry.lock();
    if (!chat_room) entry = chat_room = std::make_shared<room>(max_buffered_messages);
    return chat_room;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<room>> rooms_;
};

/// Publishes the messages of the member until the connection is closed.
task<> receive(http::websocket& socket, std::shared_ptr<room> chat_room, std::string name) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
    if (message->type == http::websocket_message::kind::text)
      chat_room->publish(http::prepared_message{name + ": " + message->data});
  }
}

/// Sends the messages of the room to the member.
task<> forward(http::websocket& socket, room::subscription messages) {
  for (;;) {
    auto message = co_await messages.next();
    if (!message || !socket.try_send(**message)) co_return;
  }
}

task<> chat(std::shared_ptr<rooms> all_rooms, http::request_context& context, http::websocket& socket) {
  const auto name = context.query("name").value_or("");
  if (name.empty() || name.size() > max_name_bytes || !http::is_valid_utf8(name)) {
    socket.close(http::close_code::policy_violation, "a name of 1 to 40 bytes is required");
    co_return;
  }
  const auto chat_room = all_rooms->enter(context.parameter("room"));
  auto messages = chat_room->subscribe();
  chat_room->publish(http::prepared_message{name + " joined"});
  auto session_task = race(receive(socket, chat_room, name), forward(socket, std::move(messages)));
  co_await std::move(session_task);
  chat_room->publish(http::prepared_message{name + " left"});
}

http::router make_router(service::service_context&, service::api_key_authenticator&) {
  http::router routes;
  const auto all_rooms = std::make_shared<rooms>();
  http::websocket_options options;
  options.connection.max_message_bytes = 4096;
  // If a member reads too slowly, old messages are discarded, and the other members are not delayed.
  options.connection.when_full = http::full_queue::drop_oldest;
  routes.websocket(
      "/chat/{room}",
      [all_rooms](http::request_context& context, http::websocket& socket) { return chat(all_rooms, context, socket); },
      options);
  routes.get("/", [](http::request_context&) { return http::response{}.static_body(page::html, "text/html"); });
  routes.get("/chat.js",
             [](http::request_context&) { return http::response{}.static_body(page::script, "text/javascript"); });
  return routes;
}

}  // namespace

int main(int argc, char** argv) {
  service::definition chat_service;
  chat_service.name = "chat-service";
  chat_service.metric_prefix = "chat_service";
  chat_service.description = "Chat: a page at /, and WebSockets at /chat/{room}";
  chat_service.version = "1.0.0";
  chat_service.port = 5015;
  chat_service.content_security_policy =
      "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'";
  chat_service.app = make_router;
  return service::run(argc, argv, std::move(chat_service));
}
