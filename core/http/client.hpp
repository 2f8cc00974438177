#pragma once

#include <memory>
#include <vector>

#include "core/http/client_error.hpp"
#include "core/http/client_request.hpp"
#include "core/http/response_parser.hpp"
#include "core/net/network.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort::http {

struct client_limits {
  std::size_t header_bytes = 64 * 1024;
  /// Of the body as used, so also after unpacking.
  std::size_t body_bytes = 1024 * 1024;
  /// Below what servers close idle connections after (ours: 60 s), so that we are first.
  duration idle_time = std::chrono::seconds{30};
  std::size_t idle_connections_per_origin = 64;
};

/// Calls servers over pooled keep-alive connections, one pool a loop. One object serves all loops.
class client {
 public:
  using outcome = result<client_response, client_error>;

  /// `reach` must outlive it. `loops` is how many may call.
  client(net::network& reach, std::size_t loops, client_limits limits = {});
  ~client();

  /// Resolves, connects, shakes hands, sends, and reads the whole answer, all by `until`; any status is an answer. A
  /// pooled connection that turns out to be dead is replaced once, if no byte of an answer came and the method is
  /// idempotent (RFC 9110 section 9.2.2).
  task<outcome> call(client_request request, deadline until);

  /// Closes this loop's idle connections; before the loop ends.
  void close_idle();

 private:
  class pool;
  task<outcome> call_once(const client_request& request, deadline until);
  pool& here();

  net::network& network_;
  client_limits limits_;
  std::vector<std::unique_ptr<pool>> pools_;
};

}  // namespace cohort::http
