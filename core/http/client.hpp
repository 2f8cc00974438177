#pragma once

#include <memory>
#include <vector>

#include "core/http/client_error.hpp"
#include "core/http/client_request.hpp"
#include "core/http/connection_pool.hpp"
#include "core/http/response_parser.hpp"
#include "core/net/network.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort::http {

/// Calls servers over pooled keep-alive connections, one pool a loop, spread over all addresses of a name. One object
/// serves all loops. `upstream` adds what makes calls to one server resilient.
class client {
 public:
  using outcome = result<client_response, client_error>;

  /// How one try is to be made.
  struct attempt_plan {
    connection_pool::preference connection;
    /// Whether running out of time is held against the address; not where the caller's own hurry may be why.
    bool blames_for_timeout = false;
    /// Adds `x-envoy-expected-rq-timeout-ms`: what is left when the request goes out, less the way there and back. If
    /// that is nothing, it does not go out.
    bool tells_deadline = false;
    /// Told of the address as soon as there is a connection.
    std::function<void(const net::endpoint&)> on_address{};
  };
  /// One try of a request: at most one request went out.
  struct attempt {
    outcome answer;
    /// Which address had it; none if there was no connection.
    std::optional<net::endpoint> where{};
    /// No byte came back on a connection that had served before: most likely closed as the request was sent.
    bool met_dead_connection = false;
  };

  /// `reach` must outlive it. `loops` is how many may call.
  client(net::network& reach, std::size_t loops, client_limits limits = {});
  ~client();

  /// Resolves, connects, shakes hands, sends, and reads the whole answer, all by `until`; any status is an answer. A
  /// pooled connection that turns out to be dead is replaced once, if no byte of an answer came and the method is
  /// idempotent (RFC 9110 section 9.2.2).
  task<outcome> call(client_request request, deadline until);

  /// The same once, without redirects. `request` must outlive it.
  task<attempt> try_once(const client_request& request, deadline until, attempt_plan how);

  std::size_t loops() const noexcept { return pools_.size(); }
  /// Of this loop's connections to where `to` leads.
  duration round_trip(const origin& to) { return here().round_trip(to); }
  connection_pool::address_counts addresses(const origin& of) { return here().addresses(of); }

  /// Closes this loop's idle connections; before the loop ends.
  void close_idle() { here().close_idle(); }

 private:
  task<outcome> call_without_redirects(const client_request& request, deadline until);
  connection_pool& here();

  net::network& network_;
  client_limits limits_;
  std::vector<std::unique_ptr<connection_pool>> pools_;
};

/// Where an answer leads on to. Neither, if it does not, or nobody wants to follow.
struct redirection {
  std::optional<client_request> next;
  std::optional<client_error> wrong;
};
redirection redirect_of(const client_request& request, const client::outcome& answer, unsigned followed);

/// Whether time was what ran out, here or there (504).
bool was_late(const client::outcome& of) noexcept;

}  // namespace cohort::http
