// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/unix_socket_options.hpp>

#include <charconv>

#include <cohort/config/http_url.hpp>
#include <cohort/config/value_parsers.hpp>

namespace cohort::service {
namespace {

constexpr unsigned max_mode = 0777;

config::value_parser<std::string> socket_path() {
  return {[](std::string_view text) -> std::optional<std::string> {
            const bool is_valid_path = text.starts_with('/') && config::parse_http_url("unix:" + std::string{text});
            return is_valid_path ? std::optional{std::string{text}} : std::nullopt;
          },
          "an absolute path of at most 106 bytes without a colon, such as /run/app.sock"};
}

config::value_parser<unsigned> file_mode() {
  return {[](std::string_view text) -> std::optional<unsigned> {
            unsigned mode = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
            const bool is_valid = error == std::errc{} && end == text.data() + text.size() && mode <= max_mode;
            return is_valid ? std::optional{mode} : std::nullopt;
          },
          "octal permissions from 0 to 777, such as 660"};
}

}  // namespace

void add_unix_socket_options(config::options& options, unix_socket_options& settings) {
  options.add(settings.path, {"--unix-socket", "", "Unix domain socket to listen on, instead of a port"}, socket_path(),
              "none");
  options.add(settings.mode,
              {"--unix-socket-mode", "", "Permissions of the Unix domain socket; clients need write permission"},
              file_mode(), "660");
}

std::optional<std::string> find_conflict(const unix_socket_options& settings, const tls_options& tls) {
  if (settings.path.empty() || !tls.is_enabled()) return std::nullopt;
  return "--unix-socket cannot be combined with --tls-cert: TLS is not supported on a Unix domain socket";
}

}  // namespace cohort::service
