#pragma once

#include <boost/asio/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/net/memory_network.hpp"
#include "core/runtime/virtual_time.hpp"
#include "tests/support/http_message.hpp"

// One end of a connection in a test's hand. Nothing here is a socket, and no call waits for anything but virtual time.
namespace cohort::test {

inline task<result<std::string>> read_once(net::stream& from, std::size_t most = 1 << 20) {
  std::string bytes(most, '\0');
  auto reading = from.read_some(asio::buffer(bytes));
  const auto got = co_await std::move(reading);
  if (!got) co_return got.error();
  bytes.resize(*got);
  co_return bytes;
}

inline task<net::io_result> write_once(net::stream& to, std::string bytes) {
  const net::const_buffers pieces{asio::buffer(bytes), asio::const_buffer{}};
  auto writing = to.write_some(pieces);
  co_return co_await std::move(writing);
}

inline task<net::io_result> write_bytes(net::stream& to, std::string bytes) {
  const net::const_buffers pieces{asio::buffer(bytes), asio::const_buffer{}};
  co_return co_await net::write_all(to, pieces);
}

/// What one answer was, its framing taken away by the tests' own reader.
struct received {
  int status = 0;
  std::string start_line;
  header_list headers;
  std::string body;

  /// Nothing if it is not there, so that an empty field shows.
  std::optional<std::string> header(std::string_view name) const { return find_header(headers, name); }
};

/// Each call runs the clock until it is done.
class peer {
 public:
  peer(virtual_time& time, net::stream_ptr end) : time_(&time), end_(std::move(end)) {}

  net::stream& stream() noexcept { return *end_; }

  /// All of it; the number of bytes, or why not.
  net::io_result send(std::string_view bytes) { return time_->run(write_bytes(*end_, std::string{bytes})); }

  /// The result of one read.
  result<std::string> read() { return time_->run(read_once(*end_)); }

  /// Everything up to the end of the connection; `ended_by` then says how that came.
  std::string read_to_end() {
    auto all = std::exchange(input_, {});
    for (auto got = read();; got = read()) {
      if (!got) {
        ended_by_ = got.error();
        return all;
      }
      all += *got;
    }
  }
  error_code ended_by() const noexcept { return ended_by_; }

  /// The next answer, whole; nothing if the connection ended before its first byte.
  std::optional<received> receive(bool to_head = false) {
    auto head = take_head(input_);
    while (!head) {
      if (!fill()) return std::nullopt;
      head = take_head(input_);
    }
    received answer;
    answer.start_line = head->start_line;
    answer.status = std::stoi(head->start_line.substr(9, 3));
    answer.headers = head->headers;
    const bool no_body = to_head || answer.status < 200 || answer.status == 204 || answer.status == 304;
    auto body = no_body ? body_decoder{} : body_decoder{head->headers, body_decoder::when_unframed::until_close};
    for (body.consume(input_, answer.body); !body.finished(); body.consume(input_, answer.body)) {
      if (fill()) continue;
      body.end_of_input();  // throws if something is missing
      break;
    }
    return answer;
  }
  /// What has come beyond the answers taken.
  const std::string& left_over() const noexcept { return input_; }

  /// Whether the other side has ended the connection, in good order, and nothing is left to read.
  bool at_end() { return input_.empty() && !fill() && ended_by_ == asio::error::eof; }

 private:
  bool fill() {
    auto got = read();
    if (!got) {
      ended_by_ = got.error();
      return false;
    }
    input_ += *got;
    return true;
  }

  virtual_time* time_;
  net::stream_ptr end_;
  std::string input_;
  error_code ended_by_;
};

using memory_pipe = std::pair<net::stream_ptr, net::stream_ptr>;

inline task<memory_pipe> make_pipe_here(net::memory_pipe_settings how) { co_return net::make_memory_pipe(how); }

/// Both ends of a connection.
struct two_peers {
  explicit two_peers(virtual_time& time, net::memory_pipe_settings how = {})
      : two_peers(time, time.run(make_pipe_here(how))) {}

  peer near;
  peer far;

 private:
  two_peers(virtual_time& time, memory_pipe ends)
      : near(time, std::move(ends.first)), far(time, std::move(ends.second)) {}
};

}  // namespace cohort::test
