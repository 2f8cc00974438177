#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/runtime/loop.hpp"
#include "core/sim/connection.hpp"

namespace cohort::sim {

/// A request that a server has read to its end, and what became of it.
struct exchange {
  std::uint64_t connection;
  /// The client's host and the server's.
  const host* from;
  const host* at;
  std::string method;
  /// Without its query.
  std::string path;
  /// What the client said that it would still wait (`x-envoy-expected-rq-timeout-ms`).
  std::optional<duration> remaining;
  time_point read;
  /// When the server had given the answer's first byte, and its last, to its connection.
  std::optional<time_point> answer_began;
  std::optional<time_point> answered;
  /// Zero before there was one.
  unsigned status = 0;
  /// It came before the server had answered the one before.
  bool pipelined = false;
  /// The connection ended with the answer not begun.
  bool closed_unanswered = false;
  /// The client closed its end before that.
  bool client_left = false;
};

/// What two exchanges of one kind have in common.
struct exchange_counts {
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t closed_unanswered = 0;
};

/// Watches all connections as a proxy in front of each server would, and knows nothing of what the servers think of
/// themselves: which HTTP/1.1 requests they have read, and what they wrote. Reads what the server reads, so a request
/// still on the way is none yet.
class exchange_watch final : public connection_observer {
 public:
  explicit exchange_watch(loop& home);
  ~exchange_watch() override;

  /// In the order in which they were read.
  const std::deque<exchange>& exchanges() const noexcept { return exchanges_; }
  exchange_counts count(const std::function<bool(const exchange&)>& which) const;
  exchange_counts count(const host& at, std::string_view path) const;

  /// What no server may ever do, such as answer a request twice; empty in a sound run.
  const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  class conversation;

  void on_opened(const connection& which) override;
  void on_sent(const connection& which, net::pipe_side from, std::string_view bytes) override;
  void on_read(const connection& which, net::pipe_side by, std::string_view bytes) override;
  void on_closed(const connection& which, net::pipe_side by) override;

  loop& home_;
  std::deque<exchange> exchanges_;
  std::map<std::uint64_t, std::unique_ptr<conversation>> conversations_;
  std::vector<std::string> violations_;
};

}  // namespace cohort::sim
