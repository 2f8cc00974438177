// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cohort/discovery/dns/dns_message.hpp>
#include <cohort/discovery/dns/dns_transport.hpp>

namespace cohort::discovery {
namespace {

/// Reads exactly `size` bytes.
task<result<std::string>> read_exactly(net::stream& source, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t received = 0; received < size;) {
    auto read_task = source.read_some(asio::buffer(bytes.data() + received, size - received));
    const auto count = co_await std::move(read_task);
    if (!count) co_return count.error();
    received += *count;
  }
  co_return bytes;
}

}  // namespace

task<result<std::string>> tcp_dns_transport::exchange(net::endpoint server, std::string query,
                                                      deadline exchange_deadline) {
  auto connect_task = network_.connect(server, exchange_deadline);
  auto connected = co_await std::move(connect_task);
  if (!connected) co_return connected.error();
  auto& stream = **connected;
  stream.set_deadline(exchange_deadline);
  const std::array<char, 2> prefix{static_cast<char>(query.size() >> 8U), static_cast<char>(query.size() & 0xffU)};
  const net::const_buffers buffers{asio::buffer(prefix), asio::buffer(query)};
  auto write_task = net::write_all(stream, buffers);
  const auto written = co_await std::move(write_task);
  if (!written) co_return written.error();
  auto length_task = read_exactly(stream, 2);
  const auto length = co_await std::move(length_task);
  if (!length) co_return length.error();
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>((*length)[0])) << 8U |
                    static_cast<unsigned char>((*length)[1]);
  auto read_task = read_exactly(stream, size);
  auto response = co_await std::move(read_task);
  if (response && !is_dns_response_to(query, *response)) co_return error_code{asio::error::no_recovery};
  co_return response;
}

}  // namespace cohort::discovery
