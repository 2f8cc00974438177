// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/net/memory/memory_pipe.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {

struct link_log {
  std::vector<std::string> entries;
  duration latency[2] = {1ms, 1ms};
};

class logging_link final : public net::memory_link {
 public:
  logging_link(link_log& log, const virtual_time& time) : log_(log), time_(time) {}
  time_point arrival_time(net::pipe_side sender, std::size_t) override { return time_.now() + log_.latency[sender]; }
  void on_sent(net::pipe_side sender, std::string_view bytes) override { add(sender, "sent", bytes); }
  void on_read(net::pipe_side reader, std::string_view bytes) override { add(reader, "read", bytes); }
  void on_closed(net::pipe_side side, bool reset) override { add(side, reset ? "reset" : "closed", ""); }

 private:
  void add(net::pipe_side side, const std::string& event, std::string_view bytes) {
    log_.entries.push_back(std::to_string(side) + " " + event + " " + std::string{bytes});
  }
  link_log& log_;
  const virtual_time& time_;
};

/// A memory pipe with a latency of 1 ms, and both of its ends.
struct memory_pipe_fixture {
  explicit memory_pipe_fixture(virtual_time& clock, link_log* log = nullptr, std::size_t capacity = 1024)
      : time(clock), pipe(time.run(make(time, log, capacity))) {
    client.emplace(time, pipe.make_stream(0, "10.0.0.2"));
    server.emplace(time, pipe.make_stream(1, "10.0.0.1"));
  }
  static task<net::memory_pipe> make(virtual_time& time, link_log* log, std::size_t capacity) {
    net::memory_pipe_settings settings;
    settings.latency = 1ms;
    settings.capacity = capacity;
    co_return net::memory_pipe{settings, log ? std::make_shared<logging_link>(*log, time) : nullptr};
  }

  virtual_time& time;
  net::memory_pipe pipe;
  std::optional<peer> client;
  std::optional<peer> server;
};

inline task<> set_deadline(net::stream& stream, deadline stream_deadline) {
  stream.set_deadline(stream_deadline);
  co_return;
}

/// Returns the error of the next read, with a timeout of one second.
inline error_code next_read_error(virtual_time& time, peer& reader) {
  time.run(set_deadline(reader.stream(), deadline::after(time.now(), 1s)));
  return reader.read().error();
}

}  // namespace cohort::test
