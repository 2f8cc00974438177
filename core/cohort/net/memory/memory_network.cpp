// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/memory/memory_network.hpp>

#include <boost/asio/error.hpp>
#include <cassert>

namespace cohort::net {

task<result<stream_ptr>> memory_acceptor::accept(loop& target) {
  while (backlog_.empty()) {
    if (is_closed_) co_return error_code{asio::error::operation_aborted};
    auto wait_task = waiters_.wait();
    if (co_await std::move(wait_task) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  }
  auto accepted = std::move(backlog_.front());
  backlog_.pop_front();
  co_return move_memory_stream(std::move(accepted), target);
}

void memory_acceptor::close() noexcept {
  if (std::exchange(is_closed_, true)) return;
  if (const auto on_close = std::exchange(on_close_, nullptr)) on_close();
  backlog_.clear();
  waiters_.notify_all();
}

void memory_acceptor::enqueue(stream_ptr connection) {
  backlog_.push_back(std::move(connection));
  waiters_.notify_one();
}

memory_network::~memory_network() {
  for (auto& [local, acceptor] : acceptors_) acceptor->clear_close_callback();
  for (auto& [path, acceptor] : unix_acceptors_) acceptor->clear_close_callback();
}

std::unique_ptr<acceptor> memory_network::listen(const endpoint& local) {
  assert(!acceptors_.contains(local));
  auto new_acceptor = std::make_unique<memory_acceptor>(local, [this, local] { acceptors_.erase(local); });
  acceptors_[local] = new_acceptor.get();
  return new_acceptor;
}

std::unique_ptr<acceptor> memory_network::listen_unix(const std::string& path) {
  assert(!unix_acceptors_.contains(path));
  auto new_acceptor = std::make_unique<memory_acceptor>(endpoint{}, [this, path] { unix_acceptors_.erase(path); });
  unix_acceptors_[path] = new_acceptor.get();
  return new_acceptor;
}

task<result<std::vector<endpoint>>> memory_network::resolve(std::string host, std::uint16_t port, deadline) {
  std::vector<endpoint> endpoints;
  error_code parse_error;
  const auto parsed_address = asio::ip::make_address(host, parse_error);
  if (!parse_error) {
    endpoints.emplace_back(parsed_address, port);
    co_return endpoints;
  }
  const auto found = names_.find(host);
  if (found == names_.end()) co_return error_code{asio::error::host_not_found};
  for (const auto& address : found->second) endpoints.emplace_back(address, port);
  co_return endpoints;
}

task<result<stream_ptr>> memory_network::connect(endpoint peer, deadline connect_deadline) {
  const auto round_trip_end = deadline::after(loop::current().now(), 2 * settings_.latency);
  const bool is_black_hole = black_holes_.contains(peer);
  auto sleep_task = sleep_until(is_black_hole ? connect_deadline : std::min(connect_deadline, round_trip_end));
  if (co_await std::move(sleep_task) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  if (is_black_hole || connect_deadline < round_trip_end) co_return error_code{asio::error::timed_out};
  const auto found = acceptors_.find(peer);
  if (found == acceptors_.end()) co_return error_code{asio::error::connection_refused};
  auto ends = make_memory_pipe(settings_, client_address_, peer.address().to_string());
  found->second->enqueue(std::move(ends.second));
  co_return std::move(ends.first);
}

task<result<stream_ptr>> memory_network::connect_unix(std::string path, deadline) {
  const auto found = unix_acceptors_.find(path);
  if (found == unix_acceptors_.end()) {
    co_return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
  }
  auto ends = make_memory_pipe(settings_, std::string{unix_peer_address}, std::string{unix_peer_address});
  found->second->enqueue(std::move(ends.second));
  co_return std::move(ends.first);
}

}  // namespace cohort::net
