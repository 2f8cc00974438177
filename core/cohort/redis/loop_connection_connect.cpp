// SPDX-License-Identifier: BSL-1.0
// The part of `loop_connection` that establishes a connection.
#include <array>

#include <cohort/net/connect.hpp>
#include <cohort/redis/command.hpp>
#include <cohort/redis/loop_connection.hpp>

namespace cohort::redis {
namespace {

/// Reads a reply and returns its error. Only the first word of the error text is used, because the rest can quote the
/// password.
task<std::optional<error>> read_reply(net::stream& stream, reply_parser& parser, std::string& input,
                                      const char* command) {
  std::array<char, 1024> buffer;
  for (;;) {
    std::optional<std::string> parse_failure;
    input.erase(0, parser.parse(input, parse_failure));
    if (parse_failure) co_return error{errc::protocol_error, std::move(*parse_failure)};
    if (const auto received = parser.take()) {
      if (received->type == reply::kind::push) continue;
      if (!received->is_error()) co_return std::nullopt;
      const auto code = received->text.substr(0, received->text.find(' '));
      const bool is_temporary = code == "LOADING" || code == "MASTERDOWN" || code == "BUSY";
      co_return error{is_temporary ? errc::connect_failed : errc::handshake_failed,
                      std::string{command} + " failed with " + code};
    }
    auto read_task = stream.read_some(asio::buffer(buffer));
    const auto count = co_await std::move(read_task);
    if (!count)
      co_return error{errc::connect_failed, std::string{"no reply to "} + command + ": " + count.error().message()};
    input.append(buffer.data(), *count);
  }
}

}  // namespace

task<std::optional<error>> loop_connection::perform_handshake(net::stream& stream) {
  std::string bytes =
      settings_.password.empty()
          ? encode_command("HELLO", 3)
          : encode_command("HELLO", 3, "AUTH", settings_.user.empty() ? "default" : settings_.user, settings_.password);
  if (settings_.database != 0) bytes += encode_command("SELECT", settings_.database);
  bytes += encode_command("PING");
  const net::const_buffers buffers{asio::buffer(bytes), asio::const_buffer{}};
  auto write_task = net::write_all(stream, buffers);
  const auto written = co_await std::move(write_task);
  if (!written) co_return error{errc::connect_failed, written.error().message()};
  reply_parser parser{settings_.limits};
  std::string input;
  for (const char* const command : {"HELLO", "SELECT", "PING"}) {
    if (settings_.database == 0 && std::string_view{command} == "SELECT") continue;
    auto read_task = read_reply(stream, parser, input, command);
    auto failure = co_await std::move(read_task);
    if (failure) co_return failure;
  }
  if (!input.empty()) co_return error{errc::protocol_error, "more replies than commands"};
  co_return std::nullopt;
}

task<result<net::stream_ptr>> loop_connection::connect() {
  const auto connect_deadline = deadline::after(loop_.now(), settings_.connect_timeout);
  net::connect_target target{settings_.host, settings_.port, tls_.get()};
  if (settings_.tls) target.server_name = settings_.tls->server_name;
  target.first_address = next_address_;
  auto open_task = net::connect_to_host(network_, std::move(target), connect_deadline);
  auto stream = co_await std::move(open_task);
  if (!stream) {
    ++next_address_;
    co_return error{errc::connect_failed, stream.error().message()};
  }
  auto greeting_task = perform_handshake(**stream);
  auto failure = co_await std::move(greeting_task);
  if (failure) co_return std::move(*failure);
  (*stream)->set_deadline(deadline::never());
  if (failure_count_ > 0) {
    log_.write(telemetry::log_level::info, "redis reconnected", {{"upstream", name_}});
  }
  failure_count_ = 0;
  last_failure_.reset();
  if (metrics_) metrics_->connects_succeeded.increment();
  co_return std::move(*stream);
}

void loop_connection::on_connect_failed(const error& failure) {
  if (failure_count_++ == 0) {
    unreachable_since_ = loop_.now();
    log_.write(telemetry::log_level::warn, "redis is unreachable", {{"upstream", name_}, {"error", log_text(failure)}});
  }
  last_failure_ = failure;
  if (metrics_) metrics_->connects_failed.increment();
  const bool should_stop_retrying =
      failure.code != errc::connect_failed || loop_.now() - unreachable_since_ >= settings_.reconnect_window;
  if (should_stop_retrying) fail_all(unsent_, {failure.code, failure.message, true});
}

}  // namespace cohort::redis
