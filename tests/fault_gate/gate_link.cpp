// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <charconv>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>
#include "tests/fault_gate/fault_gate.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// The pause after a failed `accept`, for example when file descriptors are exhausted.
constexpr duration accept_backoff = 10ms;

std::optional<std::uint16_t> parse_port(std::string_view text, int min) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < min || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<link_settings> parse_link(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == text.npos) return std::nullopt;
  link_settings link{.name = std::string{text.substr(0, equals)}, .target = {}};
  text.remove_prefix(equals + 1);
  if (const auto at = text.find('@'); at != text.npos) {
    const auto port = parse_port(text.substr(at + 1), 1);
    if (!port) return std::nullopt;
    link.port = *port;
    text = text.substr(0, at);
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  error_code error;
  const auto address = asio::ip::make_address_v4(text.substr(0, colon), error);
  const auto port = parse_port(text.substr(colon + 1), 1);
  if (error || !port) return std::nullopt;
  link.target = {address, *port};
  return link;
}

std::string format_endpoint(const net::endpoint& end) {
  return end.address().to_string() + ":" + std::to_string(end.port());
}

}  // namespace

config::value_parser<link_settings> link_parser() {
  return {parse_link, "NAME=IPV4_ADDRESS:PORT, optionally followed by @LISTEN_PORT"};
}

gate_link::gate_link(link_settings settings, loop& event_loop)
    : settings_(std::move(settings)), loop_(event_loop), acceptor_(std::in_place, event_loop.get_executor()) {}

error_code gate_link::listen() {
  const net::endpoint local{asio::ip::address_v4::loopback(), settings_.port};
  error_code error;
  acceptor_->open(local.protocol(), error);
  if (!error) acceptor_->set_option(asio::socket_base::reuse_address{true}, error);
  if (!error) acceptor_->bind(local, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  if (!error) local_endpoint_ = acceptor_->local_endpoint(error);
  return error;
}

task<> gate_link::run() {
  task_group task_group{[](const std::exception_ptr&) {}};
  for (;;) {
    auto accept_operation = acceptor_->async_accept(loop_.context(), asio::as_tuple(asio::deferred));
    auto accepted = co_await std::move(accept_operation);
    const auto error = std::get<0>(accepted);
    if (!error) {
      ++state_.accepted;
      task_group.spawn(serve(std::move(std::get<1>(accepted))));
    } else if (error == asio::error::operation_aborted) {
      break;
    } else {
      auto pause = sleep_for(accept_backoff);
      if (co_await std::move(pause) == wait_status::cancelled) break;
    }
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  task_group.cancel();
  co_await task_group.join();
  // The link outlives the loop, but the acceptor must not.
  acceptor_.reset();
}

task<> gate_link::serve(net::tcp_socket client) {
  gate_connection connection{state_, std::move(client), loop_.random()};
  struct registration {
    std::list<gate_connection*>& list;
    std::list<gate_connection*>::iterator position;
    ~registration() { list.erase(position); }
  };
  const registration registration{connections_, connections_.insert(connections_.end(), &connection)};
  co_await connection.run(settings_.target);
}

void gate_link::set_fault(const faults::link_fault& fault) {
  state_.fault = fault;
  for (auto* connection : connections_) connection->apply(fault);
}

std::string gate_link::url() const { return "http://" + format_endpoint(local_endpoint_); }
std::string gate_link::target() const { return format_endpoint(settings_.target); }

}  // namespace cohort::test
