// SPDX-License-Identifier: BSL-1.0
#include "tests/fault_gate/gate_connection.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using faults::link_fault;
using kind = link_fault::kind;

constexpr auto as_tuple_token = asio::as_tuple(asio::deferred);
constexpr std::size_t buffer_size = 16 * 1024;
constexpr std::size_t max_header_size = 64 * 1024;
/// The pause between two slices, so that they are not merged before the receiver reads them.
constexpr duration slice_interval = 1ms;
constexpr std::int64_t bandwidth_steps_per_second = 20;

bool is_response_fault(kind type) {
  return type == kind::reset || type == kind::black_hole || type == kind::cut_header || type == kind::cut_body;
}

}  // namespace

gate_connection::gate_connection(link_state& link, net::tcp_socket client, random_generator& random)
    : link_(link), random_(random), client_(std::move(client)), server_(client_.get_executor()) {
  error_code ignored;
  client_.set_option(asio::ip::tcp::no_delay{true}, ignored);
}

task<> gate_connection::run(net::endpoint target) {
  apply(link_.fault);
  if (!is_delivery_stopped_ && client_.is_open()) {
    auto connect_operation = server_.async_connect(target, as_tuple_token);
    const auto connected = co_await std::move(connect_operation);
    if (std::get<0>(connected) || !client_.is_open()) {
      reset_connections();
      co_return;
    }
    error_code ignored;
    server_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  }
  if (!server_.is_open()) {
    co_await forward(client_, server_, direction::request);
    co_return;
  }
  co_await when_all(forward(client_, server_, direction::request), forward(server_, client_, direction::response));
}

void gate_connection::apply(const link_fault& fault) {
  if (fault.type == kind::half_open) stop_delivery();
  if (fault.type == kind::reset && fault.bytes == 0) {
    ++link_.injected;
    reset_connections();
  }
}

task<> gate_connection::forward(net::tcp_socket& source, net::tcp_socket& sink, direction flow_direction) {
  std::vector<char> buffer(buffer_size);
  while (source.is_open()) {
    auto read_operation = source.async_read_some(asio::buffer(buffer), as_tuple_token);
    const auto received = co_await std::move(read_operation);
    const auto error = std::get<0>(received);
    if (error == asio::error::eof && !is_delivery_stopped_) {
      error_code ignored;
      sink.shutdown(net::tcp_socket::shutdown_send, ignored);
      co_return;
    }
    if (error) {
      error == asio::error::eof ? close_connections() : reset_connections();
      co_return;
    }
    if (is_delivery_stopped_) continue;
    auto deliver_task = deliver(sink, {buffer.data(), std::get<1>(received)}, flow_direction);
    co_await std::move(deliver_task);
  }
}

task<> gate_connection::deliver(net::tcp_socket& sink, std::span<char> data, direction flow_direction) {
  const auto fault = link_.fault;
  if (fault.type == kind::latency) {
    ++link_.injected;
    auto sleep_task = sleep_for(fault.delay);
    if (co_await std::move(sleep_task) == wait_status::cancelled) co_return;
  }
  if (fault.type == kind::bandwidth || fault.type == kind::slice) {
    ++link_.injected;
    co_await deliver_in_chunks(sink, data, fault);
  } else if (flow_direction == direction::response && is_response_fault(fault.type)) {
    record(data, flow_direction);
    const auto allowed = bytes_before_fault(data);
    if (allowed > 0) co_await write(sink, data.first(allowed));
    response_bytes_ += allowed;
    if (allowed < data.size()) end_response();
    co_return;
  } else if (flow_direction == direction::response && fault.type == kind::garbage) {
    ++link_.injected;
    for (auto& byte : data) byte = static_cast<char>(random_.uniform_below(256));
    co_await write(sink, data);
  } else {
    co_await write(sink, data);
  }
  record(data, flow_direction);
  if (flow_direction == direction::response) response_bytes_ += data.size();
}

task<> gate_connection::deliver_in_chunks(net::tcp_socket& sink, bytes data, const link_fault& fault) {
  const bool is_slice = fault.type == kind::slice;
  const auto chunk_bytes = is_slice ? fault.bytes : std::max<std::int64_t>(1, fault.bytes / bandwidth_steps_per_second);
  while (!data.empty() && link_.fault == fault && !is_delivery_stopped_ && sink.is_open()) {
    const auto chunk = data.first(std::min(data.size(), static_cast<std::size_t>(chunk_bytes)));
    data = data.subspan(chunk.size());
    co_await write(sink, chunk);
    const duration pause =
        is_slice ? slice_interval : duration{1s} * static_cast<std::int64_t>(chunk.size()) / fault.bytes;
    auto sleep_task = sleep_for(pause);
    if (co_await std::move(sleep_task) == wait_status::cancelled) co_return;
  }
  // The fault was removed during the delivery.
  if (!data.empty()) co_await write(sink, data);
}

task<> gate_connection::write(net::tcp_socket& sink, bytes data) {
  if (is_delivery_stopped_ || !sink.is_open()) co_return;
  auto write_operation = asio::async_write(sink, asio::buffer(data.data(), data.size()), as_tuple_token);
  const auto written = co_await std::move(write_operation);
  if (std::get<0>(written)) reset_connections();
}

std::size_t gate_connection::bytes_before_fault(bytes data) const {
  const auto& fault = link_.fault;
  auto end = static_cast<std::size_t>(fault.bytes);
  if (fault.type == kind::cut_header && header_bytes_ > 0) end = std::min(end, header_bytes_ - 1);
  if (fault.type == kind::cut_body) {
    if (header_bytes_ == 0) return data.size();
    end += header_bytes_;
  }
  return std::min(data.size(), end > response_bytes_ ? end - response_bytes_ : 0);
}

void gate_connection::end_response() {
  ++link_.injected;
  if (link_.fault.type == kind::reset) {
    reset_connections();
  } else if (link_.fault.type == kind::black_hole) {
    is_delivery_stopped_ = true;
  } else {
    close_connections();
  }
}

void gate_connection::record(bytes data, direction flow_direction) {
  if (flow_direction == direction::request) {
    // Cohort's client sends the next request only after the complete response.
    response_bytes_ = header_bytes_ = 0;
    header_.clear();
  } else if (header_bytes_ == 0 && header_.size() < max_header_size) {
    header_.append(data.begin(), data.end());
    const auto end = header_.find("\r\n\r\n");
    if (end != std::string::npos) header_bytes_ = end + 4;
  }
}

void gate_connection::stop_delivery() {
  if (!is_delivery_stopped_) ++link_.injected;
  is_delivery_stopped_ = true;
}

void gate_connection::close_connections() {
  error_code ignored;
  for (auto* socket : {&client_, &server_}) socket->close(ignored);
}

void gate_connection::reset_connections() {
  error_code ignored;
  for (auto* socket : {&client_, &server_}) {
    if (socket->is_open()) socket->set_option(asio::socket_base::linger{true, 0}, ignored);
    socket->close(ignored);
  }
}

}  // namespace cohort::test
