#pragma once

#include <memory>

#include "core/http/client_error.hpp"
#include "core/http/client_request.hpp"
#include "core/net/network.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort::net {
class tls_client_context;
}

namespace cohort::http {

/// How a failed step of a call is told: by `timeout` if time was what ran out, as cancelled, else by `otherwise`.
client_error at_stage(const error_code& failed, client_error timeout, client_error otherwise) noexcept;

/// Makes one loop's connections: resolves, connects, shakes hands.
class connector {
 public:
  struct connected {
    net::stream_ptr stream;
    /// What it took to connect, without TLS: one round trip.
    duration round_trip{};
  };

  /// `reach` must outlive it.
  explicit connector(net::network& reach);
  ~connector();

  task<result<std::vector<net::endpoint>, client_error>> resolve(const origin& of, deadline until);
  /// To one of the name's addresses; `connect_by` is for the connection alone, `until` also for TLS.
  task<result<connected, client_error>> connect_to(const origin& of, net::endpoint where, deadline connect_by,
                                                   deadline until);
  /// Tries the addresses of the name in turn, each time beginning with the next one, each with its share of the time
  /// that is left, 10 s if that is unlimited.
  task<result<net::stream_ptr, client_error>> connect(origin to, deadline until);

 private:
  task<result<net::stream_ptr, client_error>> secure(net::stream_ptr plain, const std::string& host, deadline until);

  net::network& network_;
  std::unique_ptr<net::tls_client_context> tls_;
  std::size_t turn_ = 0;
};

}  // namespace cohort::http
