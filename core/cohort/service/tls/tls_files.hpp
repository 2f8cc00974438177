// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cohort/net/tls/server_settings.hpp>
#include <cohort/net/tls_settings.hpp>
#include <cohort/service/tls/tls_options.hpp>

namespace cohort::service {

/// Reads the files of the listeners and checks them. Returns an error message with the flag, the file and the reason;
/// `std::nullopt` if all are valid. Preconditions: `tls.is_enabled()`, and `find_conflict(tls)` is `std::nullopt`.
std::optional<std::string> read_server_tls(const tls_options& tls, net::tls_server_settings& settings);
/// Like `read_server_tls`, but for requests to upstreams. Without options, `settings` remain unchanged.
std::optional<std::string> read_upstream_tls(const tls_options& tls, net::tls_client_settings& settings);

/// The files that `read_server_tls` reads.
std::vector<std::string> server_tls_files(const tls_options& tls);
/// The files that `read_upstream_tls` reads; empty without options.
std::vector<std::string> upstream_tls_files(const tls_options& tls);

}  // namespace cohort::service
