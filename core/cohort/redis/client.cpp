// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/client.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>

#include <boost/asio/post.hpp>

#include <cohort/redis/loop_connection.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>

namespace cohort::redis {
namespace {

/// Commands that change the state of the connection or block its other callers.
constexpr std::array<std::string_view, 32> unsupported_commands{
    "AUTH",      "BLMOVE",       "BLMPOP",  "BLPOP",       "BRPOP",   "BRPOPLPUSH", "BZMPOP",   "BZPOPMAX",
    "BZPOPMIN",  "CLIENT",       "DISCARD", "EXEC",        "HELLO",   "MONITOR",    "MULTI",    "PSUBSCRIBE",
    "PSYNC",     "PUNSUBSCRIBE", "QUIT",    "READONLY",    "RESET",   "SELECT",     "SHUTDOWN", "SSUBSCRIBE",
    "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC",    "UNSUBSCRIBE", "UNWATCH", "WAIT",       "WAITAOF",  "WATCH"};

bool equals_ignoring_case(std::string_view a, std::string_view upper_name) {
  const auto to_upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::equal(a.begin(), a.end(), upper_name.begin(), upper_name.end(),
                    [&](char x, char y) { return to_upper(x) == y; });
}

std::int64_t milliseconds(duration span) {
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(span).count(), 1);
}

/// Converts an error reply to an error, and records the outcome.
result<reply> end(telemetry::recorded_call& call, result<reply> outcome) {
  if (outcome && outcome->is_error()) outcome = error{errc::error_reply, std::move(outcome->text)};
  call.set_outcome(outcome ? "ok" : error_class(outcome.error().code));
  return outcome;
}

/// The name in an encoded command, such as `*2 $3 GET $1 k` with CRLF instead of spaces.
std::string_view command_name(std::string_view bytes) {
  for (int line = 0; line < 2; ++line) bytes.remove_prefix(std::min(bytes.find("\r\n") + 2, bytes.size()));
  return bytes.substr(0, bytes.find("\r\n"));
}

task<> join_on_loop(loop& owner, std::shared_ptr<loop_connection> connection) {
  auto join_task = run_on(owner, loop_connection::join(std::move(connection)));
  co_await std::move(join_task);
}

}  // namespace

struct client::shared_state {
  net::network& network;
  client_settings settings;
  std::shared_ptr<client_metrics> metrics;
  telemetry::logger log;
  std::string name;
  std::atomic<bool> is_closed{false};
};

client::client(net::network& network, std::size_t loop_count, telemetry::registry& metrics, telemetry::logger log,
               client_settings settings, std::string name)
    : shared_(new shared_state{network, std::move(settings), std::make_shared<client_metrics>(metrics, name),
                               std::move(log), name}),
      connections_(loop_count) {}

client::~client() {
  for (const auto& each : connections_) {
    if (!each) continue;
    each->detach();
    asio::post(each->owner().get_executor(), [each] { each->stop(); });
  }
}

const std::string& client::name() const noexcept { return shared_->name; }

bool client::is_supported(std::string_view command) noexcept {
  return std::none_of(unsupported_commands.begin(), unsupported_commands.end(),
                      [&](std::string_view each) { return equals_ignoring_case(command, each); });
}

std::shared_ptr<loop_connection> client::current_connection() {
  const auto index = loop::current().index();
  if (index >= connections_.size()) throw std::logic_error("redis::client: more loops than `loop_count`");
  auto& connection = connections_[index];
  if (!connection) {
    connection = std::make_shared<loop_connection>(shared_->network, shared_->settings, shared_->metrics, shared_->log,
                                                   shared_->name);
  }
  return connection;
}

task<result<reply>> client::execute(call_context context, bool is_supported, std::string bytes) {
  const auto now = loop::current().now();
  const auto call_deadline = std::min(context.deadline, deadline::after(now, shared_->settings.timeout));
  telemetry::recorded_call call{
      {shared_->metrics, &shared_->metrics->calls}, context, telemetry::call_kind::redis, shared_->name, call_deadline};
  call.set_detail(command_name(bytes));
  if (!is_supported) {
    co_return end(call, error{errc::unsupported, "the connection is shared by all callers of the loop", true});
  }
  if (shared_->is_closed) co_return end(call, error{errc::closed, {}, true});
  if (call_deadline.expired(now)) co_return end(call, error{errc::timeout, {}, true});
  auto run_task = loop_connection::execute(current_connection(), std::move(bytes), false, call_deadline);
  auto outcome = co_await std::move(run_task);
  co_return end(call, std::move(outcome));
}

task<result<reply>> client::command(call_context context, const std::vector<std::string>& arguments) {
  command_writer writer{arguments.size()};
  for (const auto& each : arguments) writer.add(each);
  return execute(context, is_supported(arguments.front()), writer.take());
}

task<result<std::optional<std::string>>> client::get(call_context context, std::string key) {
  auto run_task = command(context, "GET", key);
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return outcome->as_optional_string();
}

task<result<void>> client::set(call_context context, std::string key, std::string value,
                               std::optional<duration> time_to_live) {
  auto run_task = time_to_live ? command(context, "SET", key, value, "PX", milliseconds(*time_to_live))
                               : command(context, "SET", key, value);
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return result<void>{};
}

task<result<std::int64_t>> client::incr(call_context context, std::string key, std::int64_t amount) {
  auto run_task = command(context, "INCRBY", key, amount);
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return outcome->as_integer();
}

task<result<bool>> client::del(call_context context, std::string key) {
  auto run_task = command(context, "DEL", key);
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return outcome->as_bool();
}

task<result<bool>> client::expire(call_context context, std::string key, duration time_to_live) {
  auto run_task = command(context, "PEXPIRE", key, milliseconds(time_to_live));
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return outcome->as_bool();
}

task<result<std::int64_t>> client::publish(call_context context, std::string channel, std::string payload) {
  auto run_task = command(context, "PUBLISH", channel, payload);
  const auto outcome = co_await std::move(run_task);
  if (!outcome) co_return outcome.error();
  co_return outcome->as_integer();
}

task<result<subscription>> client::subscribe(call_context context, std::string channel) {
  return subscribe_to(context, std::move(channel), false);
}

task<result<subscription>> client::subscribe_pattern(call_context context, std::string pattern) {
  return subscribe_to(context, std::move(pattern), true);
}

task<result<subscription>> client::subscribe_to(call_context context, std::string name, bool is_pattern) {
  const auto now = loop::current().now();
  const auto call_deadline = std::min(context.deadline, deadline::after(now, shared_->settings.timeout));
  telemetry::recorded_call call{
      {shared_->metrics, &shared_->metrics->calls}, context, telemetry::call_kind::redis, shared_->name, call_deadline};
  call.set_detail(is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE");
  if (shared_->is_closed) co_return error{errc::closed, {}, true};
  auto connection = current_connection();
  auto bytes = encode_command(is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE", name);
  auto queue = std::make_shared<detail::subscriber>(std::move(name), is_pattern, shared_->settings.max_messages);
  // The subscriber is added before the confirmation, which a message can follow immediately.
  connection->add_subscriber(queue);
  std::shared_ptr<void> registration{static_cast<void*>(nullptr), [queue, owner = std::weak_ptr{connection}](void*) {
                                       if (const auto open = owner.lock()) open->remove_subscriber(queue);
                                     }};
  subscription subscription{queue, std::move(registration)};
  auto run_task = loop_connection::execute(connection, std::move(bytes), true, call_deadline);
  auto confirmed = co_await std::move(run_task);
  const auto outcome = end(call, std::move(confirmed));
  if (!outcome) co_return outcome.error();
  co_return std::move(subscription);
}

task<> client::close() {
  shared_->is_closed = true;
  for (const auto& each : connections_) {
    if (!each) continue;
    auto join_task =
        &each->owner() == &loop::current() ? loop_connection::join(each) : join_on_loop(each->owner(), each);
    co_await std::move(join_task);
  }
}

}  // namespace cohort::redis
