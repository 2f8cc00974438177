// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/messaging/rabbitmq/confirm_window.hpp>
#include <cohort/messaging/rabbitmq/session.hpp>
#include <cohort/messaging/rabbitmq/settings.hpp>
#include <cohort/net/network.hpp>
#include <cohort/net/tls.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::messaging::rabbitmq {

struct subscribed_queue;

/// RabbitMQ client (3.8 or later) that uses AMQP 0-9-1 over `net::stream`, which provides TLS, deadlines and the
/// simulated network.
///
/// The client declares the topology. The exchange is durable and of type `topic`. Each topic and group has the durable
/// queue `EXCHANGE.TOPIC.GROUP`, bound with the topic as the routing key, and `EXCHANGE.TOPIC.GROUP.dead` for its dead
/// letters. A subscriber without a group has an exclusive queue, which is deleted with the connection. Messages are
/// persistent, with publisher confirms.
///
/// Reasons for AMQP 0-9-1 without a library: in RabbitMQ 3, AMQP 1.0 is a plugin that is disabled by default and cannot
/// declare a bound queue. The plugin never responds to a message that a queue rejects with `basic.nack`
/// (rabbit_amqp1_0_session_process.erl handles only `basic.ack`). The library librabbitmq owns its sockets, and its
/// calls block.
class client final : public broker, public std::enable_shared_from_this<client>, private session_observer {
 public:
  /// `name` is the label `client` of the metric `cohort_messaging_connected`, and the name in logs. `network` and
  /// `metrics` must outlive the client.
  client(net::network& network, settings settings, telemetry::registry& metrics, telemetry::logger log,
         std::string name = "rabbitmq");
  ~client() override;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  task<> run() override;
  task<std::vector<result<void>>> publish(std::vector<message_pointer> messages, deadline call_deadline,
                                          publish_options options) override;
  task<result<std::unique_ptr<subscription>>> subscribe(subscription_settings settings,
                                                        deadline call_deadline) override;
  bool is_connected() const noexcept override { return session_ != nullptr; }
  void close() override;

 private:
  class ready_scope;
  class queue_subscription;
  static constexpr std::uint16_t publish_channel = 1;
  using queue_pointer = std::shared_ptr<subscribed_queue>;
  /// The destination of a message: an exchange with a routing key.
  struct route {
    std::string exchange;
    std::string routing_key;
  };

  /// The bytes of a method, and the method of the expected response.
  using method_call = std::pair<std::string, method_id>;

  task<result<std::unique_ptr<session>>> connect();
  task<error> run_session(session& session);
  /// Declares the exchange, then opens subscriptions as they are added.
  task<std::optional<error>> manage_topology(session& session);
  task<result<void>> declare_exchange(session& session);
  task<std::optional<error>> open_subscriptions(session& session);
  task<result<void>> open_subscription(session& session, queue_pointer queue);
  /// Performs the calls one after the other, each within the connect timeout.
  task<result<void>> call_in_order(session& session, std::uint16_t channel, std::vector<method_call> calls);
  void on_connect_failed(const error& failure);
  void on_connection_ended(const error& failure);
  task<result<session*>> wait_until_ready(deadline call_deadline);
  /// `destination` replaces the exchange and the topic; used for dead letters.
  task<std::vector<result<void>>> send(std::vector<message_pointer> messages, deadline call_deadline,
                                       bool requires_queue, std::optional<route> destination);
  void remove(const queue_pointer& queue);
  std::uint16_t find_unused_channel(const session& session) const;
  std::string queue_name(const subscription_settings& settings) const;
  std::string dead_letter_queue(const subscription_settings& settings) const;

  void on_message(std::uint16_t channel, arrived_message message) override;
  bool on_confirm(std::uint64_t tag, bool is_multiple, bool is_accepted) override;
  void on_returned(const std::string& message_id) override;
  void on_channel_closed(std::uint16_t channel, const error& reason) override;
  void on_blocked(bool is_blocked) override;

  loop& loop_;
  net::network& network_;
  settings settings_;
  telemetry::logger log_;
  std::string name_;
  telemetry::gauge& connected_gauge_;
  std::unique_ptr<net::tls_client_context> tls_;
  /// Null while there is no usable connection.
  session* session_ = nullptr;
  /// The session that is being set up or used.
  session* current_ = nullptr;
  /// Distinguishes the deliveries of different connections.
  std::uint64_t session_number_ = 0;
  confirm_window confirms_;
  std::list<queue_pointer> queues_;
  event state_changed_;
  wait_queue state_changes_;
  std::optional<error> last_failure_;
  unsigned failure_count_ = 0;
  std::size_t next_address_ = 0;
  bool is_blocked_ = false;
  bool is_closed_ = false;
};

}  // namespace cohort::messaging::rabbitmq
