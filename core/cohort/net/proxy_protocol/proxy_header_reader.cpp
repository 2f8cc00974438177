// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/proxy_protocol/proxy_header_reader.hpp>

#include <boost/asio/error.hpp>
#include <string>

#include <cohort/net/proxy_protocol/prefixed_stream.hpp>
#include <cohort/net/proxy_protocol/proxy_header.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::net {
namespace {

using outcome = received_proxy_header::outcome;

/// Returns the number of bytes to read next. The size of a version 2 header is known, so no bytes after it are read.
std::size_t next_read_size(std::string_view received, std::size_t min_size) {
  if (received.size() < proxy_header_v2_prefix_size) return proxy_header_v2_prefix_size - received.size();
  const bool is_v1 = received[0] == 'P';
  return (is_v1 ? max_proxy_header_v1_size : min_size) - received.size();
}

}  // namespace

task<received_proxy_header> read_proxy_header(stream_ptr& connection, duration timeout) {
  std::string received;
  proxy_header header;
  while (header.parsed == proxy_header::state::incomplete) {
    std::array<char, max_proxy_header_v2_size> buffer;
    auto read_task = connection->read_some(asio::buffer(buffer.data(), next_read_size(received, header.size)));
    const auto size = co_await std::move(read_task);
    if (!size)
      co_return received_proxy_header{size.error() == asio::error::timed_out ? outcome::timeout : outcome::closed};
    if (received.empty()) connection->set_deadline(deadline::after(loop::current().now(), timeout));
    received.append(buffer.data(), *size);
    header = parse_proxy_header(received);
  }
  if (header.parsed == proxy_header::state::invalid) {
    co_return received_proxy_header{outcome::invalid, std::nullopt, header.error};
  }
  received.erase(0, header.size);
  if (!received.empty()) connection = std::make_unique<prefixed_stream>(std::move(connection), std::move(received));
  if (header.parsed == proxy_header::state::absent) co_return received_proxy_header{outcome::absent};
  co_return received_proxy_header{header.client_address ? outcome::proxied : outcome::local, header.client_address};
}

}  // namespace cohort::net
