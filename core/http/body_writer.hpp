#pragma once

#include <string>
#include <string_view>

#include "core/http/limits.hpp"
#include "core/net/stream.hpp"
#include "core/runtime/wait_queue.hpp"

namespace cohort::http {

/// How a handler sends a body bit by bit. The client's leaving cancels the handler; a draining server asks it to end.
class body_writer {
 public:
  enum class framing { chunked, until_close };

  body_writer(net::stream& to, framing how, const server_limits& limits, event& draining)
      : stream_(to), framing_(how), limits_(limits), draining_(draining) {}

  /// Sends it now. False once nobody takes it any more.
  task<bool> write(std::string bytes);
  /// Waits, but no longer than the server wants to stay: `notified` means that it is draining.
  task<wait_status> pause(duration span);
  bool draining() const noexcept { return draining_.is_set(); }
  /// Whether all was taken so far.
  bool ok() const noexcept { return ok_; }

  /// The last chunk; for the connection.
  task<> finish();

 private:
  task<> send(std::string bytes);

  net::stream& stream_;
  framing framing_;
  server_limits limits_;
  event& draining_;
  bool ok_ = true;
};

/// One server-sent event (HTML Living Standard, section 9.2); each line of `data` becomes a `data:` line.
std::string sse_event(std::string_view name, std::string_view data);

}  // namespace cohort::http
