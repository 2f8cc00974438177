// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <cohort/messaging/rabbitmq/protocol/method.hpp>
#include <cohort/net/network.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::simulation {

/// An in-memory model of the subset of RabbitMQ that the client uses: login, one exchange, queues with bindings,
/// confirms, prefetch, redelivery. Runs on one loop, with any acceptor. Confirmed messages are kept after `run` ends.
/// `./dev e2e queue` compares the model with RabbitMQ.
class simulated_rabbitmq {
 public:
  struct stored_message {
    messaging::rabbitmq::content_header header;
    std::string topic;
    std::string body;
    unsigned delivery_count = 0;
  };

  /// Runs the server until it is cancelled; the connections are then closed, and unacknowledged messages are queued
  /// again.
  task<> run(std::unique_ptr<net::acceptor> acceptor);

  std::string password = "guest";
  /// The type of existing queues; a queue with a different type is rejected.
  std::string required_queue_type = "quorum";
  /// Whether the broker accepts messages without confirming them.
  bool is_withholding_confirms = false;
  /// Whether the broker sends `basic.nack` instead of `basic.ack`.
  bool is_rejecting = false;
  /// Bytes that are sent instead of the next confirm.
  std::string next_confirm;
  std::size_t login_count = 0;
  std::size_t stored_message_count = 0;

  const std::deque<stored_message>& messages(const std::string& queue) { return queues_[queue].messages; }
  std::size_t unacknowledged() const;
  std::size_t connection_count() const { return sessions_.size(); }
  /// Notifies all clients that the broker is low on memory or, if not `is_blocked`, has recovered.
  void send_blocked(bool is_blocked);
  void delete_queue(const std::string& name);
  /// Stores a message in each queue that is bound to the topic, as if another publisher had sent it.
  void store(const std::string& topic, std::string body);

 private:
  struct channel {
    bool has_confirms = false;
    std::uint64_t published = 0;
    std::uint64_t last_delivery_tag = 0;
    std::size_t prefetch = 0;
    std::string last_queue;
    std::string consumed_queue;
    std::map<std::uint64_t, stored_message> unacknowledged;
    // A publish method whose content has not arrived yet.
    std::string exchange;
    std::string routing_key;
    bool is_mandatory = false;
    stored_message partial_message;
    std::uint64_t missing_bytes = 0;
  };
  struct session {
    net::stream_ptr stream;
    std::string output;
    event output_event;
    std::map<std::uint16_t, channel> channels;
    bool has_ended = false;
  };
  struct queue {
    std::deque<stored_message> messages;
    std::string topic;
    /// The session that owns an exclusive queue, which is deleted at the end of the session; null for other queues.
    const session* owner = nullptr;
  };

  task<> serve(net::stream_ptr stream);
  task<> read(session& peer);
  static task<> write(session& peer);
  static task<> send_heartbeats(session& peer);
  void on_method(session& peer, std::uint16_t number, std::string_view payload);
  void on_connection_method(session& peer, messaging::rabbitmq::method_id method, messaging::rabbitmq::wire_reader& in);
  void on_queue_method(session& peer, std::uint16_t number, messaging::rabbitmq::method_id method,
                       messaging::rabbitmq::wire_reader& in);
  void declare_queue(session& peer, std::uint16_t number, messaging::rabbitmq::wire_reader& in);
  void on_content(session& peer, const messaging::rabbitmq::frame& frame);
  void end_publish(session& peer, std::uint16_t number);
  void settle(session& peer, std::uint16_t number, std::uint64_t tag, bool is_requeued);
  void requeue_unacknowledged(channel& channel);
  void deliver();

  std::map<std::string, queue> queues_;
  std::list<session*> sessions_;
  std::size_t generated_name_count_ = 0;
};

}  // namespace cohort::simulation
