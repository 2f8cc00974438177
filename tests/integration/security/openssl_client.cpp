// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/security/openssl_client.hpp"

#include "tests/support/child_process.hpp"

namespace cohort::test {

std::string run_openssl(std::uint16_t port, const std::string& flags, const std::string& path,
                        const std::string& header_lines) {
  const auto request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + header_lines + "Connection: close\r\n\r\n";
  const auto command = R"(printf %s "$0" | openssl s_client -connect 127.0.0.1:)" + std::to_string(port) +
                       " -ign_eof " + flags + " 2>&1";
  child_process shell{"/bin/sh", {"-c", command, request}};
  shell.wait_for_exit();
  return shell.output();
}

}  // namespace cohort::test
