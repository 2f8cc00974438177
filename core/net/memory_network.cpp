#include "core/net/memory_network.hpp"

#include <boost/asio/error.hpp>
#include <cassert>

namespace cohort::net {

task<result<stream_ptr>> memory_acceptor::accept(loop&) {
  while (waiting_.empty()) {
    if (closed_) co_return error_code{asio::error::operation_aborted};
    auto next = arrivals_.wait();
    if (co_await std::move(next) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  }
  auto taken = std::move(waiting_.front());
  waiting_.pop_front();
  co_return taken;
}

void memory_acceptor::close() noexcept {
  if (std::exchange(closed_, true)) return;
  if (const auto tell = std::exchange(on_close_, nullptr)) tell();
  waiting_.clear();
  arrivals_.notify_all();
}

void memory_acceptor::arrive(stream_ptr peer) {
  waiting_.push_back(std::move(peer));
  arrivals_.notify_one();
}

memory_network::~memory_network() {
  for (auto& [local, each] : listeners_) each->forget_owner();
}

std::unique_ptr<acceptor> memory_network::listen(const endpoint& local) {
  assert(!listeners_.contains(local));
  auto made = std::make_unique<memory_acceptor>(local, [this, local] { listeners_.erase(local); });
  listeners_[local] = made.get();
  return made;
}

task<result<std::vector<endpoint>>> memory_network::resolve(std::string host, std::uint16_t port, deadline) {
  std::vector<endpoint> all;
  error_code is_name;
  const auto numeric = asio::ip::make_address(host, is_name);
  if (!is_name) {
    all.emplace_back(numeric, port);
    co_return all;
  }
  const auto found = names_.find(host);
  if (found == names_.end()) co_return error_code{asio::error::host_not_found};
  for (const auto& address : found->second) all.emplace_back(address, port);
  co_return all;
}

task<result<stream_ptr>> memory_network::connect(endpoint peer, deadline until) {
  const auto round_trip = deadline::after(loop::current().now(), 2 * how_.latency);
  const bool swallowed = black_holes_.contains(peer);
  auto waiting = sleep_until(swallowed ? until : std::min(until, round_trip));
  if (co_await std::move(waiting) == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  if (swallowed || until < round_trip) co_return error_code{asio::error::timed_out};
  const auto listener = listeners_.find(peer);
  if (listener == listeners_.end()) co_return error_code{asio::error::connection_refused};
  auto ends = make_memory_pipe(how_, "192.0.2.1", peer.address().to_string());
  listener->second->arrive(std::move(ends.second));
  co_return std::move(ends.first);
}

}  // namespace cohort::net
