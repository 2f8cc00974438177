// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/net/network.hpp>
#include <cohort/redis/client_metrics.hpp>
#include <cohort/redis/client_settings.hpp>
#include <cohort/redis/command.hpp>
#include <cohort/redis/reply.hpp>
#include <cohort/redis/subscription.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::redis {

class loop_connection;

/// Client of a Redis server (6.0 or later: RESP3): one connection for each loop, which all callers of the loop share.
///
/// - Pipelining: commands are sent without waiting for earlier replies, and replies are matched in order. A command
///   that blocks the connection or changes its state (BLPOP, MULTI, SELECT …) is therefore `errc::unsupported`.
/// - Deadline: a call times out at the caller's deadline, or after its timeout; a reply that arrives later is
///   discarded.
/// - Connection: the first call connects; later attempts are delayed by a backoff. A command that has not been sent
///   waits for the new connection within its deadline. A command that has been sent fails with `errc::connection_lost`,
///   because it may have been executed.
/// - Overload: the number of pending commands of each loop is bounded.
///
/// One client serves all loops; all members except the constructor and the destructor run on a loop. The client must
/// outlive its calls, and must be destroyed on the only loop that used it, or while no loop runs. A program closes the
/// client by `context.on_stop(client->close())`.
class client {
 public:
  /// `name` is the label `upstream` of the metrics and the name in logs. `loop_count` is the number of loops that use
  /// the client. `network` and `metrics` must outlive the client.
  client(net::network& network, std::size_t loop_count, telemetry::registry& metrics, telemetry::logger log,
         client_settings settings = {}, std::string name = "redis");
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends one command: `command(context, "SET", key, 17)`. Arguments are strings (binary-safe) and numbers. An error
  /// that the server reports is `errc::error_reply`.
  template <class... Arguments>
  task<result<reply>> command(call_context context, std::string_view name, const Arguments&... arguments) {
    return execute(context, is_supported(name), encode_command(name, arguments...));
  }
  /// Like the overload above, but takes a list, which must not be empty. The first element of the list is the name of
  /// the command.
  task<result<reply>> command(call_context context, const std::vector<std::string>& arguments);

  /// The value of a string; empty if the key does not exist.
  task<result<std::optional<std::string>>> get(call_context context, std::string key);
  /// Sets a string, and its time to live if `time_to_live` is given (in milliseconds, at least 1 ms).
  task<result<void>> set(call_context context, std::string key, std::string value,
                         std::optional<duration> time_to_live = {});
  /// Adds `amount` to a number and returns the sum; a missing key counts as 0.
  task<result<std::int64_t>> incr(call_context context, std::string key, std::int64_t amount = 1);
  /// Removes a key. Returns whether the key existed.
  task<result<bool>> del(call_context context, std::string key);
  /// Sets the time to live of a key, at least 1 ms. Returns whether the key exists.
  task<result<bool>> expire(call_context context, std::string key, duration time_to_live);
  /// Sends a message to a channel. Returns the number of subscribers that received the message.
  task<result<std::int64_t>> publish(call_context context, std::string channel, std::string payload);

  /// Subscribes the current loop to a channel, or to the channels that match a pattern, such as `news.*`. Completes
  /// when the server has confirmed the subscription, which is restored on each new connection.
  task<result<subscription>> subscribe(call_context context, std::string channel);
  task<result<subscription>> subscribe_pattern(call_context context, std::string pattern);

  /// Closes the connections of all loops. Pending and later calls fail with `errc::closed`.
  task<> close();

  const std::string& name() const noexcept;

  /// Whether a command can share a connection.
  static bool is_supported(std::string_view command) noexcept;

 private:
  struct shared_state;

  task<result<reply>> execute(call_context context, bool is_supported, std::string bytes);
  task<result<subscription>> subscribe_to(call_context context, std::string name, bool is_pattern);
  std::shared_ptr<loop_connection> current_connection();

  std::shared_ptr<shared_state> shared_;
  /// Element `i` belongs to the loop with the index `i`.
  std::vector<std::shared_ptr<loop_connection>> connections_;
};

}  // namespace cohort::redis
