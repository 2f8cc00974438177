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
  /// `reach` must outlive it.
  explicit connector(net::network& reach);
  ~connector();

  /// Tries the addresses of the name in turn, each with its share of the time that is left, 10 s if that is unlimited.
  task<result<net::stream_ptr, client_error>> connect(origin to, deadline until);

 private:
  task<result<net::stream_ptr, client_error>> secure(net::stream_ptr plain, std::string host, deadline until);

  net::network& network_;
  std::unique_ptr<net::tls_client_context> tls_;
};

}  // namespace cohort::http
