// SPDX-License-Identifier: BSL-1.0
// Tests the weather service behind an HTTP proxy, with http and https providers.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <mutex>
#include <thread>

#include "tests/integration/running_program.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

/// A proxy that opens all tunnels to one port on 127.0.0.1, regardless of the requested host.
class tunneling_proxy {
 public:
  explicit tunneling_proxy(std::uint16_t target_port)
      : target_port_(target_port), listener_(listen_loopback(16)), acceptor_([this] { accept_all(); }) {}
  ~tunneling_proxy() {
    stop_.raise();
    acceptor_.join();
  }
  tunneling_proxy(const tunneling_proxy&) = delete;
  tunneling_proxy& operator=(const tunneling_proxy&) = delete;

  std::string url() const { return "http://user:secret@127.0.0.1:" + std::to_string(local_port(listener_)); }
  /// Returns the headers of the requests for a tunnel.
  std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

 private:
  void accept_all() {
    std::vector<std::jthread> tunnels;
    while (wait_for(listener_.get(), POLLIN, time_point::max(), &stop_) == readiness::ready) {
      const int client = ::accept(listener_.get(), nullptr, nullptr);
      if (client >= 0) tunnels.emplace_back([this, client] { serve(file_descriptor{client}); });
    }
  }

  void serve(const file_descriptor& client) {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      std::array<char, 1024> bytes;
      if (wait_for(client.get(), POLLIN, time_point::max(), &stop_) != readiness::ready) return;
      const auto count = ::recv(client.get(), bytes.data(), bytes.size(), 0);
      if (count <= 0) return;
      head.append(bytes.data(), static_cast<std::size_t>(count));
    }
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(head);
    }
    const auto server = connect_loopback(target_port_);
    const std::string response = "HTTP/1.1 200 Connection established\r\n\r\n";
    ::send(client.get(), response.data(), response.size(), MSG_NOSIGNAL);
    std::jthread forwarding_thread{[&] { copy(client, server); }};
    copy(server, client);
  }

  void copy(const file_descriptor& from, const file_descriptor& to) {
    std::array<char, 16 * 1024> bytes;
    while (wait_for(from.get(), POLLIN, time_point::max(), &stop_) == readiness::ready) {
      const auto count = ::recv(from.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count <= 0) break;
      if (::send(to.get(), bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) break;
    }
    ::shutdown(to.get(), SHUT_RDWR);
    ::shutdown(from.get(), SHUT_RDWR);
  }

  std::uint16_t target_port_;
  file_descriptor listener_;
  stop_signal stop_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread acceptor_;
};

child_process::environment weather_variables(const std::string& provider_url, child_process::environment variables) {
  variables.emplace("WEATHER_UPSTREAM_URL", provider_url);
  variables.emplace("WEATHER_FALLBACK_URL", "none");
  return variables;
}

TEST_CASE("proxy settings: a service sends requests to an http provider through the proxy in http_proxy",
          "[integration][proxy][threads][case-2.6]") {
  scripted_upstream proxy;
  proxy.set_default_behavior(canned_response{.body = wttr_response()});
  running_program service{
      "weather-service", {}, weather_variables("http://provider.test", {{"http_proxy", proxy.url()}})};
  CHECK(get(service.port(), "/api/weather").status == 200);
  REQUIRE(proxy.requests().size() == 1);
  CHECK(proxy.requests()[0].target == "http://provider.test/Haifa,Israel?format=j1");
  CHECK(proxy.requests()[0].header("Host") == "provider.test");
}

TEST_CASE("proxy settings: a service calls hosts in no_proxy directly", "[integration][proxy][threads][case-2.6]") {
  scripted_upstream proxy;
  running_program service{
      "weather-service",
      {},
      weather_variables("http://provider.invalid", {{"http_proxy", proxy.url()}, {"no_proxy", "x.test,invalid"}})};
  CHECK(get(service.port(), "/api/weather").status == 503);
  CHECK(proxy.accepted_connection_count() == 0);
}

TEST_CASE("proxy settings: a service reaches an https provider through a tunnel of the proxy in https_proxy",
          "[integration][proxy][threads][case-2.6]") {
  certificate_authority root{"Test Root"};
  const temporary_directory directory;
  const auto root_file = directory.write("root.pem", root.certificate_pem());
  certificate_request request;
  request.dns = {"provider.test"};
  scripted_upstream provider{root.issue(request)};
  provider.set_default_behavior(canned_response{.body = wttr_response()});
  tunneling_proxy proxy{provider.port()};
  running_program service{"weather-service",
                          {},
                          weather_variables("https://provider.test",
                                            {{"https_proxy", proxy.url()}, {"SSL_CERT_FILE", root_file.string()}})};
  CHECK(get(service.port(), "/api/weather").status == 200);
  REQUIRE(provider.requests().size() == 1);
  CHECK(provider.requests()[0].target == "/Haifa,Israel?format=j1");
  CHECK(provider.requests()[0].header("Proxy-Authorization").empty());
  REQUIRE(proxy.requests().size() == 1);
  CHECK(proxy.requests()[0].starts_with("CONNECT provider.test:443 HTTP/1.1\r\nHost: provider.test:443\r\n"));
  CHECK(proxy.requests()[0].find("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n") != std::string::npos);
}

TEST_CASE("proxy settings: the error for an invalid proxy variable does not contain the password",
          "[integration][proxy][threads][case-2.6]") {
  const auto result = run_program("weather-service", {}, {{"https_proxy", "socks5://user:secret@proxy.test:1080"}});
  CHECK(result.status == 2);
  CHECK(result.error ==
        "weather-service: https_proxy is \"socks5://***@proxy.test:1080\", but must be the URL of an HTTP "
        "proxy such as http://proxy.example:3128\n");
}

}  // namespace
}  // namespace cohort::test
