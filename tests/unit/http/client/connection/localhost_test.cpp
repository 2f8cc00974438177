// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/net/system/system_lookup.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/net/loopback.hpp"

// Tests of `localhost` on real sockets. The name may resolve to 127.0.0.1, ::1 or both.
namespace cohort {
namespace {

using namespace cohort::test;
using net::system_lookup;

bool contains(const net::resolver::addresses& found, const char* address) {
  return found && std::find(found->begin(), found->end(), asio::ip::make_address(address)) != found->end();
}

std::unique_ptr<net::acceptor> listen_on(loop& event_loop, const char* address) {
  auto acceptor = net::listen_tcp(event_loop, {asio::ip::make_address(address), 0});
  return acceptor ? std::move(*acceptor) : nullptr;
}

task<http::client_result> fetch_once(net::acceptor& acceptor, http::client& client, std::string host,
                                     deadline call_deadline) {
  http::client_request request;
  request.url = boost::urls::parse_uri("http://" + host).value();
  request.url.set_port_number(acceptor.local_endpoint().port());
  auto serve = [](net::acceptor& from) -> task<> {
    auto accept_task = from.accept(loop::current());
    auto stream = co_await std::move(accept_task);
    const std::string response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    const net::const_buffers buffers{asio::buffer(response), asio::const_buffer{}};
    co_await net::write_all(**stream, buffers);
    (*stream)->shutdown_write();
    auto sleep_task = sleep_for(std::chrono::milliseconds{50});
    co_await std::move(sleep_task);
  };
  auto both_tasks = when_all(serve(acceptor), http::fetch(client, std::move(request), call_deadline));
  auto results = co_await std::move(both_tasks);
  co_return std::get<1>(std::move(results));
}

TEST_CASE("localhost: the name resolves to all loopback addresses of the machine", "[net][resolver][case-2.5]") {
  real_time_fixture time;
  const auto* const name = GENERATE("localhost", "LocalHost", "localhost.", "app.localhost", "a.b.LOCALHOST.");
  CAPTURE(name);
  const auto found = system_lookup(name);
  CHECK(contains(found, "127.0.0.1") == (listen_on(time.event_loop(), "127.0.0.1") != nullptr));
  CHECK(contains(found, "::1") == (listen_on(time.event_loop(), "::1") != nullptr));
}

TEST_CASE("localhost: a server that listens on a single loopback address is reachable as localhost",
          "[net][resolver][threads][case-2.5]") {
  real_time_fixture time;
  const auto* const address = GENERATE("::1", "127.0.0.1");
  const auto acceptor = listen_on(time.event_loop(), address);
  if (!acceptor) SKIP("this machine does not have the address " << address);
  net::system_network network;
  http::client client{network, 1};
  const auto* const name = GENERATE("localhost", "LOCALHOST", "app.localhost");
  for (int i = 0; i < 4; ++i) {
    const auto response = time.run(fetch_once(*acceptor, client, name, time.long_deadline()));
    REQUIRE(response.has_value());
    CHECK(response->body == "hi");
  }
}

TEST_CASE("localhost: names that merely contain localhost do not resolve", "[net][resolver][case-2.5]") {
  const auto* const name = GENERATE("localhost.invalid", "notlocalhost.invalid", "localhostx.invalid");
  const auto found = system_lookup(name);
  CHECK_FALSE(contains(found, "127.0.0.1"));
  CHECK_FALSE(found.has_value());
}

}  // namespace
}  // namespace cohort
