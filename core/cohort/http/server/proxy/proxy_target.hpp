// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <memory>
#include <string>

#include <cohort/http/server/proxy/protocol_tunnel.hpp>
#include <cohort/http/server/proxy/reverse_proxy.hpp>

namespace cohort::http {

/// The state of a handler of `proxy_to`, shared by its copies and its requests.
struct proxy_target {
  std::shared_ptr<upstream> target;
  /// Scheme and authority, without a trailing slash.
  boost::urls::url origin;
  /// Scheme and authority that the upstream uses in its own URLs; the authority is the value of `Host`.
  std::string public_origin;
  /// The path of the base URL, without a trailing slash.
  std::string base_path;
  proxy_options options;
  std::shared_ptr<tunnel_group> tunnels;
};

}  // namespace cohort::http
