// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/net/network.hpp>
#include <cohort/net/tls.hpp>
#include <cohort/redis/client_metrics.hpp>
#include <cohort/redis/client_settings.hpp>
#include <cohort/redis/subscription.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::redis {

/// The connection of one loop with its pending commands. A separate task connects, writes and reads; it runs from the
/// first command until `stop`. Used on its loop only.
class loop_connection : public std::enable_shared_from_this<loop_connection> {
 public:
  /// `network` must outlive the task. The registry of `metrics` must remain valid until the task ends or `detach` is
  /// called.
  loop_connection(net::network& network, const client_settings& settings, std::shared_ptr<client_metrics> metrics,
                  telemetry::logger log, std::string name);

  /// Sends a command and waits for its reply until `call_deadline`. An error reply is returned as a reply.
  static task<result<reply>> execute(std::shared_ptr<loop_connection> self, std::string bytes, bool is_subscription,
                                     deadline call_deadline);

  void add_subscriber(std::shared_ptr<detail::subscriber> new_subscriber);
  /// Removes a subscriber. Unsubscribes from the channel if it has no other subscriber.
  void remove_subscriber(const std::shared_ptr<detail::subscriber>& subscriber);

  /// Ends the task and fails the pending calls.
  void stop();
  /// Detaches the task from the metrics, which the task must no longer use.
  void detach() noexcept { metrics_.reset(); }
  /// Completes when the task has ended.
  static task<> join(std::shared_ptr<loop_connection> self);
  loop& owner() const noexcept { return loop_; }
  const std::shared_ptr<client_metrics>& metrics() const noexcept { return metrics_; }

 private:
  struct request;
  class connected_scope;
  using request_pointer = std::shared_ptr<request>;

  void start_task();
  void on_task_ended();
  task<> run();
  /// Whether an unsent command or a subscription requires a connection.
  bool has_work() const noexcept { return !unsent_.empty() || !subscribers_.empty(); }
  /// Sends HELLO, SELECT and PING; PING fails while the server loads its data. Returns the error.
  task<std::optional<error>> perform_handshake(net::stream& stream);
  task<result<net::stream_ptr>> connect();
  task<> run_connection(net::stream& stream);
  task<std::optional<error>> read(net::stream& stream);
  task<std::optional<error>> write(net::stream& stream);
  std::optional<error> on_reply(net::stream& stream, reply reply);
  std::optional<error> on_push(net::stream& stream, reply reply);
  void on_message(const reply& reply);
  std::optional<error> complete_first_request(net::stream& stream, reply reply, bool is_subscription);
  void set_stream_deadline(net::stream& stream);
  void restore_subscriptions();
  void on_connect_failed(const error& failure);
  void on_connection_ended(const error& failure);
  static void end(const request_pointer& request, result<reply> outcome);
  static void fail_all(std::deque<request_pointer>& requests, const error& failure);
  std::size_t pending() const noexcept { return unsent_.size() + sent_.size(); }

  loop& loop_;
  net::network& network_;
  client_settings settings_;
  std::shared_ptr<client_metrics> metrics_;
  telemetry::logger log_;
  std::string name_;
  std::unique_ptr<net::tls_client_context> tls_;

  std::deque<request_pointer> unsent_;
  /// The pending commands in the order of their replies.
  std::deque<request_pointer> sent_;
  std::list<std::shared_ptr<detail::subscriber>> subscribers_;
  event work_;
  std::optional<error> last_failure_;
  time_point unreachable_since_{};
  unsigned failure_count_ = 0;
  std::size_t next_address_ = 0;

  cohort::detail::child_task<void> task_;
  bool is_running_ = false;
  bool is_connected_ = false;
  bool is_stopped_ = false;
  event ended_;
};

}  // namespace cohort::redis
