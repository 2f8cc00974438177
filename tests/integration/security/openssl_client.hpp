// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

namespace cohort::test {

/// Sends a request for `path` over TLS with `openssl s_client` and these flags, on a connection to 127.0.0.1. Returns
/// the output of the program, including standard error. `header_lines` end in CRLF.
std::string run_openssl(std::uint16_t port, const std::string& flags, const std::string& path = "/health",
                        const std::string& header_lines = {});

}  // namespace cohort::test
