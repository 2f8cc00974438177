// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/random.hpp>

namespace cohort::messaging {

/// An in-memory broker for tests and simulations on one loop and any clock. The broker simulates restarts, network
/// partitions, slow confirms and rejected messages. Like a broker with a disk, the broker keeps confirmed messages
/// across a restart. Each unconfirmed message is kept or lost at random.
class memory_broker {
 public:
  class client;

  explicit memory_broker(std::uint64_t seed = 1) : random_(seed) {}
  ~memory_broker();
  memory_broker(const memory_broker&) = delete;
  memory_broker& operator=(const memory_broker&) = delete;

  /// Creates a client with a separate connection. The broker must outlive the client.
  std::shared_ptr<client> make_client();

  /// Terminates the process of the broker: every connection is lost, and unacknowledged messages are redelivered.
  void stop();
  void start();
  /// Time from a message's arrival to its confirm. Zero by default.
  void set_confirm_delay(duration delay) noexcept { confirm_delay_ = delay; }
  /// Whether messages are rejected, as by a broker whose disk is full.
  void set_message_rejection(bool is_rejecting) noexcept { is_rejecting_ = is_rejecting; }

  bool is_running() const noexcept { return is_running_; }
  /// The number of unacknowledged messages of a group.
  std::size_t backlog(const std::string& topic, const std::string& group) const;
  const std::vector<message>& dead_letters(const std::string& topic, const std::string& group);
  /// The number of confirmed messages.
  std::size_t confirmed_count() const noexcept { return confirmed_count_; }

 private:
  friend class client;
  struct stored_message {
    message_pointer content;
    unsigned delivery_count = 0;
  };
  struct queue {
    std::deque<stored_message> messages;
    std::size_t unacknowledged = 0;
    wait_queue waiters;
  };
  /// Messages of a client that have arrived but are not confirmed.
  struct arrival {
    std::vector<message_pointer> messages;
    bool is_lost = false;
  };
  using queue_key = std::pair<std::string, std::string>;

  queue& group_queue(const std::string& topic, const std::string& group);
  /// Returns whether a queue has received the message.
  bool route(const message_pointer& message);
  void notify_all();

  std::map<queue_key, std::shared_ptr<queue>> groups_;
  /// The queues of the subscribers without a group, by topic.
  std::multimap<std::string, std::shared_ptr<queue>> exclusive_queues_;
  std::map<queue_key, std::vector<message>> dead_letters_;
  std::list<arrival*> arrivals_;
  std::list<client*> clients_;
  random_generator random_;
  bool is_running_ = true;
  bool is_rejecting_ = false;
  duration confirm_delay_{};
  std::size_t confirmed_count_ = 0;
  /// The number of times that the broker has been stopped. A delivery from before the last stop cannot be acknowledged.
  std::uint64_t stop_count_ = 0;
  /// Notified when a client may be able to reach the broker again.
  wait_queue state_changes_;
};

/// A connection to a `memory_broker`.
class memory_broker::client final : public broker, public std::enable_shared_from_this<client> {
 public:
  explicit client(memory_broker& server) : server_(&server) {}
  ~client() override;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  task<std::vector<result<void>>> publish(std::vector<message_pointer> messages, deadline call_deadline,
                                          publish_options options) override;
  task<result<std::unique_ptr<subscription>>> subscribe(subscription_settings settings,
                                                        deadline call_deadline) override;
  bool is_connected() const noexcept override;
  task<> run() override;
  void close() override;

  /// Partitions the network: no bytes arrive in either direction until `heal`. Messages that were delivered and not
  /// acknowledged are redelivered, possibly to another client.
  void partition();
  void heal();

 private:
  friend class memory_broker;
  class memory_subscription;
  bool is_reachable() const noexcept { return server_->is_running_ && !is_partitioned_; }
  task<result<void>> wait_until_reachable(deadline call_deadline);
  void return_deliveries();

  memory_broker* server_;
  bool is_partitioned_ = false;
  bool is_closed_ = false;
  std::list<memory_subscription*> subscriptions_;
};

}  // namespace cohort::messaging
