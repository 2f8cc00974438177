// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/simulated_server.hpp>

#include <algorithm>
#include <charconv>
#include <set>

#include <cohort/net/serve_connections.hpp>
#include <cohort/redis/command.hpp>
#include <cohort/redis/reply_parser.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::redis {
namespace {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string blob(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}
std::string integer(std::int64_t number) { return ":" + std::to_string(number) + "\r\n"; }
std::string failed(const std::string& text) { return "-" + text + "\r\n"; }

std::string push(const std::vector<std::string>& items) {
  std::string bytes = ">" + std::to_string(items.size()) + "\r\n";
  for (const auto& each : items) bytes += blob(each);
  return bytes;
}

bool matches(std::string_view pattern, std::string_view channel) {
  if (!pattern.ends_with('*')) return pattern == channel;
  pattern.remove_suffix(1);
  return channel.starts_with(pattern);
}

}  // namespace

struct simulated_server::session {
  net::stream_ptr stream;
  bool is_logged_in = false;
  std::set<std::string> channels{};
  std::set<std::string> patterns{};
  std::string output{};
  event has_output{};

  void send(const std::string& bytes) {
    output += bytes;
    has_output.set();
  }
};

simulated_server::simulated_server(std::string password) : password_(std::move(password)) {}
simulated_server::~simulated_server() = default;

task<> simulated_server::run(std::unique_ptr<net::acceptor> acceptor) {
  return net::serve_connections(std::move(acceptor),
                                [this](net::stream_ptr stream) { return serve(std::move(stream)); });
}

task<> simulated_server::serve(net::stream_ptr stream) {
  session peer{.stream = std::move(stream), .is_logged_in = password_.empty()};
  struct registration {
    std::list<session*>& sessions;
    session& registered;
    ~registration() { sessions.remove(&registered); }
  };
  sessions_.push_back(&peer);
  const registration registration{sessions_, peer};
  auto io_task = race(read(peer), write(peer));
  co_await std::move(io_task);
}

task<> simulated_server::read(session& peer) {
  std::vector<char> buffer(std::size_t{16} * 1024);
  reply_parser parser;
  for (;;) {
    auto read_task = peer.stream->read_some(asio::buffer(buffer));
    const auto count = co_await std::move(read_task);
    if (!count) co_return;
    // The delay that the test has set, on the clock of its loop.
    if (delay_ > duration{} && co_await sleep_for(delay_) == wait_status::cancelled) co_return;
    std::string_view input{buffer.data(), *count};
    while (!input.empty()) {
      std::optional<std::string> problem;
      input.remove_prefix(parser.parse(input, problem));
      if (problem) co_return;
      const auto received = parser.take();
      if (!received) break;
      const auto command = received->as_strings();
      if (!command || command->empty()) co_return;
      execute(peer, *command);
    }
  }
}

task<> simulated_server::write(session& peer) {
  for (;;) {
    while (peer.output.empty()) {
      peer.has_output.reset();
      auto wait_task = peer.has_output.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return;
    }
    const auto bytes = std::exchange(peer.output, {});
    const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
    auto write_task = net::write_all(*peer.stream, buffers);
    const auto written = co_await std::move(write_task);
    if (!written) co_return;
  }
}

void simulated_server::execute(session& peer, const arguments& command) {
  auto name = command.front();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (auto answer = execute_connection_command(peer, name, command)) {
    peer.send(*answer);
  } else if (!peer.is_logged_in) {
    peer.send(failed("NOAUTH Authentication required."));
  } else {
    ++command_count_;
    peer.send(execute_data_command(name, command));
  }
}

std::optional<std::string> simulated_server::execute_connection_command(session& peer, const std::string& name,
                                                                        const arguments& command) {
  if (name == "AUTH") return log_in(peer, command.size() > 2 ? command[1] : "default", command.back());
  if (name == "HELLO") {
    if (command.size() >= 5) {
      auto failure = log_in(peer, command[3], command[4]);
      if (failure.starts_with('-')) return failure;
    }
    if (!peer.is_logged_in) return failed("NOAUTH HELLO must be called with the client already authenticated");
    return "%2\r\n" + blob("server") + blob("redis") + blob("proto") + integer(3);
  }
  if (!peer.is_logged_in) return std::nullopt;
  if (name == "PING") return "+PONG\r\n";
  if (name == "SELECT") return "+OK\r\n";
  const bool is_pattern = name.starts_with('P');
  auto& subscriptions = is_pattern ? peer.patterns : peer.channels;
  if (name == "SUBSCRIBE" || name == "PSUBSCRIBE") {
    subscriptions.insert(command.back());
    return ">3\r\n" + blob(is_pattern ? "psubscribe" : "subscribe") + blob(command.back()) + integer(1);
  }
  if (name == "UNSUBSCRIBE" || name == "PUNSUBSCRIBE") {
    subscriptions.erase(command.back());
    return ">3\r\n" + blob(is_pattern ? "punsubscribe" : "unsubscribe") + blob(command.back()) + integer(0);
  }
  return std::nullopt;
}

std::string simulated_server::execute_data_command(const std::string& name, const arguments& command) {
  const auto now = loop::current().now();
  const auto count = command.size();
  if (name == "GET" && count == 2) {
    const auto* const found = find(command[1]);
    return found ? blob(found->value) : "_\r\n";
  }
  if (name == "SET" && (count == 3 || count == 5)) {
    auto& stored = data_[command[1]] = entry{command[2]};
    if (count == 5)
      stored.expiry = deadline::after(now, std::chrono::milliseconds{parse_integer(command[4]).value_or(0)});
    return "+OK\r\n";
  }
  if (name == "DEL" && count == 2)
    return integer(find(command[1]) ? static_cast<std::int64_t>(data_.erase(command[1])) : 0);
  if (name == "INCR" && count == 2) return increment(command[1], "1");
  if (name == "INCRBY" && count == 3) return increment(command[1], command[2]);
  if ((name == "EXPIRE" || name == "PEXPIRE") && count == 3) {
    auto* const found = find(command[1]);
    if (!found) return integer(0);
    const auto amount = parse_integer(command[2]).value_or(0);
    const duration span = name == "EXPIRE" ? duration{std::chrono::seconds{amount}} : std::chrono::milliseconds{amount};
    found->expiry = deadline::after(now, span);
    return integer(1);
  }
  if (name == "PUBLISH" && count == 3) return publish(command[1], command[2]);
  return failed("ERR unknown command or wrong number of arguments");
}

std::string simulated_server::increment(const std::string& key, const std::string& amount) {
  const auto* const found = find(key);
  const auto current = found ? parse_integer(found->value) : 0;
  const auto added = parse_integer(amount);
  std::int64_t sum = 0;
  if (!current || !added || __builtin_add_overflow(*current, *added, &sum)) {
    return failed("ERR value is not an integer or out of range");
  }
  data_[key].value = std::to_string(sum);
  return integer(sum);
}

std::string simulated_server::publish(const std::string& channel, const std::string& payload) {
  std::int64_t receivers = 0;
  for (auto* const each : sessions_) {
    if (each->channels.contains(channel)) {
      each->send(push({"message", channel, payload}));
      ++receivers;
    }
    for (const auto& pattern : each->patterns) {
      if (!matches(pattern, channel)) continue;
      each->send(push({"pmessage", pattern, channel, payload}));
      ++receivers;
    }
  }
  return integer(receivers);
}

std::string simulated_server::log_in(session& peer, const std::string& user, const std::string& password) const {
  if (user != "default" || password != password_) return failed("WRONGPASS invalid username-password pair");
  peer.is_logged_in = true;
  return "+OK\r\n";
}

simulated_server::entry* simulated_server::find(const std::string& key) {
  const auto found = data_.find(key);
  if (found == data_.end()) return nullptr;
  if (!found->second.expiry.expired(loop::current().now())) return &found->second;
  data_.erase(found);
  return nullptr;
}

}  // namespace cohort::redis
