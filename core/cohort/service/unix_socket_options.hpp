// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/config/options.hpp>
#include <cohort/service/tls/tls_options.hpp>

namespace cohort::service {

/// The Unix domain socket on which a program listens instead of a port.
struct unix_socket_options {
  /// The path of the socket; if empty, the program listens on a port.
  std::string path;
  /// The file mode of the socket.
  unsigned mode = 0660;
};

/// Adds the flags of `settings`, which must outlive `options`; for programs with one service.
void add_unix_socket_options(config::options& options, unix_socket_options& settings);

/// Returns an error message if `settings` and the TLS options conflict; otherwise empty.
std::optional<std::string> find_conflict(const unix_socket_options& settings, const tls_options& tls);

}  // namespace cohort::service
