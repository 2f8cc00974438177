// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/connect.hpp>

#include <cohort/net/tls.hpp>

namespace cohort::net {

task<result<stream_ptr>> connect_to_host(network& client_network, connect_target target, deadline connect_deadline) {
  auto resolve_task = client_network.resolve(target.host, target.port, connect_deadline);
  const auto addresses = co_await std::move(resolve_task);
  if (!addresses) co_return addresses.error();
  error_code failure = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // The remaining addresses share the remaining time.
    const auto now = loop::current().now();
    const auto attempt_timeout = connect_deadline.remaining(now) / static_cast<std::int64_t>(addresses->size() - i);
    const auto& address = (*addresses)[(target.first_address + i) % addresses->size()];
    auto connect_task = client_network.connect(address, deadline::after(now, attempt_timeout));
    auto stream = co_await std::move(connect_task);
    if (!stream) {
      failure = stream.error();
      continue;
    }
    (*stream)->set_deadline(connect_deadline);
    if (!target.tls) co_return std::move(*stream);
    auto handshake_task =
        target.tls->handshake(std::move(*stream), target.server_name.empty() ? target.host : target.server_name);
    co_return co_await std::move(handshake_task);
  }
  co_return failure;
}

}  // namespace cohort::net
