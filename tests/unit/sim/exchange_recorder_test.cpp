// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/exchange_recorder.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/sim/two_host_fixture.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;

const std::string get_request = "GET /things?x=1 HTTP/1.1\r\nHost: server\r\n\r\n";
const std::string ok_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A recorded connection whose ends the test controls.
struct recorder_fixture {
  explicit recorder_fixture(std::size_t max_read_size = 64 * 1024) {
    link_conditions conditions;
    conditions.max_read_size = max_read_size;
    hosts.network.set_default_conditions(conditions);
    hosts.network.add_observer(recorder);
    peers.emplace(hosts.connect());
  }
  void send_request(const std::string& bytes) { CHECK(peers->client.send(bytes) == bytes.size()); }
  /// The server reads `count` bytes.
  void read(std::size_t count) {
    for (std::size_t received_size = 0; received_size < count;) received_size += peers->server.read()->size();
  }
  void send_response(const std::string& bytes) { CHECK(peers->server.send(bytes) == bytes.size()); }
  const exchange& only_exchange() const {
    REQUIRE(recorder.exchanges().size() == 1);
    return recorder.exchanges().front();
  }

  two_host_fixture hosts;
  exchange_recorder recorder{hosts.time.event_loop()};
  std::optional<two_host_fixture::peer_pair> peers;
};

TEST_CASE("exchange recorder: requests are counted when read completely, and responses when written completely",
          "[sim][recorder]") {
  recorder_fixture fixture{GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{65536})};
  fixture.send_request(get_request);
  fixture.hosts.time.run_for(10ms);
  CHECK(fixture.recorder.exchanges().empty());
  fixture.read(get_request.size() - 1);
  if (fixture.recorder.exchanges().empty()) fixture.read(1);
  const auto received_at = fixture.hosts.time.now();
  CHECK(fixture.only_exchange().received_at == received_at);
  CHECK(fixture.only_exchange().client == &fixture.hosts.client);
  CHECK(fixture.only_exchange().server == &fixture.hosts.server);
  CHECK(fixture.only_exchange().connection_id == 1);
  CHECK(fixture.only_exchange().method == "GET");
  CHECK(fixture.only_exchange().path == "/things");
  CHECK_FALSE(fixture.only_exchange().remaining_time);
  CHECK_FALSE(fixture.only_exchange().response_started_at);
  CHECK(fixture.only_exchange().status == 0);

  fixture.hosts.time.run_for(5ms);
  fixture.send_response(ok_response.substr(0, 20));
  fixture.hosts.time.run_for(5ms);
  CHECK(fixture.only_exchange().response_started_at == received_at + 5ms);
  CHECK_FALSE(fixture.only_exchange().response_completed_at);
  fixture.send_response(ok_response.substr(20));
  CHECK(fixture.only_exchange().response_completed_at == received_at + 10ms);
  CHECK(fixture.only_exchange().status == 200);
  CHECK(fixture.recorder.violations().empty());
}

TEST_CASE("exchange recorder: the deadline header is recorded", "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nx-envoy-expected-rq-timeout-ms: 250\r\n\r\n";
  fixture.send_request(request);
  fixture.read(request.size());
  CHECK(fixture.only_exchange().remaining_time == 250ms);
}

TEST_CASE("exchange recorder: pipelined requests are matched with responses in order", "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
  fixture.send_request(get_request + second);
  fixture.read(get_request.size() + second.size());
  REQUIRE(fixture.recorder.exchanges().size() == 2);
  fixture.send_response(ok_response + "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  CHECK(fixture.recorder.exchanges()[0].status == 200);
  CHECK(fixture.recorder.exchanges()[1].path == "/second");
  CHECK(fixture.recorder.exchanges()[1].status == 404);
  CHECK(fixture.recorder.exchanges()[1].response_completed_at);
  CHECK(fixture.recorder.violations().empty());
}

TEST_CASE("exchange recorder: the end of a request body is determined by Content-Length or chunked coding",
          "[sim][recorder]") {
  recorder_fixture fixture{GENERATE(std::size_t{1}, std::size_t{65536})};
  const std::string head = "POST /form HTTP/1.1\r\nHost: x\r\n";
  const std::string post = GENERATE(std::string{"Content-Length: 5\r\n\r\nGET /"},
                                    std::string{"Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n"});
  fixture.send_request(head + post + get_request);
  fixture.read(head.size() + post.size() + get_request.size());
  REQUIRE(fixture.recorder.exchanges().size() == 2);
  CHECK(fixture.recorder.exchanges()[0].path == "/form");
  CHECK(fixture.recorder.exchanges()[1].path == "/things");
}

TEST_CASE("exchange recorder: the ends of responses to HEAD, chunked and interim responses are recognized",
          "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string head = "HEAD /one HTTP/1.1\r\nHost: x\r\n\r\n";
  fixture.send_request(head + get_request);
  fixture.read(head.size() + get_request.size());
  fixture.send_response("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  CHECK(fixture.recorder.exchanges()[0].response_completed_at);
  fixture.send_response("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK_FALSE(fixture.recorder.exchanges()[1].response_completed_at);
  fixture.send_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  CHECK_FALSE(fixture.recorder.exchanges()[1].response_completed_at);
  fixture.send_response("0\r\n\r\n");
  CHECK(fixture.recorder.exchanges()[1].response_completed_at);
  CHECK(fixture.recorder.exchanges()[1].status == 200);
  CHECK(fixture.recorder.violations().empty());
}

TEST_CASE("exchange recorder: a response without a request is a violation", "[sim][recorder]") {
  recorder_fixture fixture;
  SECTION("a second response") {
    fixture.send_request(get_request);
    fixture.read(get_request.size());
    fixture.send_response(ok_response);
    CHECK(fixture.recorder.violations().empty());
    fixture.send_response(ok_response);
  }
  SECTION("no request was sent") { fixture.send_response(ok_response); }
  CHECK(fixture.recorder.violations() ==
        std::vector<std::string>{"server sent a response without a request on connection #1 from client"});
}

TEST_CASE("exchange recorder: an invalid response is one violation for each connection", "[sim][recorder]") {
  recorder_fixture fixture;
  fixture.send_request(get_request);
  fixture.read(get_request.size());
  fixture.send_response("hello there\r\n\r\n");
  fixture.send_response("hello again\r\n\r\n");
  CHECK(fixture.recorder.violations() ==
        std::vector<std::string>{"server sent an invalid response on connection #1 from client"});
}

TEST_CASE("exchange recorder: an incomplete or invalid request may be rejected", "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string invalid_request =
      GENERATE(std::string{"GET /thi"}, std::string{"GET / HTTP/1.1\r\nHost\r\n\r\n"},
               std::string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"},
               std::string{"GET / HTTP/1.1\nHost: x\n\n"});
  fixture.send_request(invalid_request);
  fixture.read(invalid_request.size());
  fixture.send_response("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  CHECK(fixture.recorder.violations().empty());
  CHECK(fixture.recorder.exchanges().empty());
}

TEST_CASE("exchange recorder: requests after an invalid request are not recorded", "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string invalid_request = "GET / HTTP/1.1\r\nHost\r\n\r\n";
  fixture.send_request(invalid_request);
  fixture.read(invalid_request.size());
  fixture.send_request(get_request);
  fixture.read(get_request.size());
  CHECK(fixture.recorder.exchanges().empty());
}

TEST_CASE("exchange recorder: an empty line before a request is ignored", "[sim][recorder]") {
  recorder_fixture fixture{GENERATE(std::size_t{1}, std::size_t{65536})};
  fixture.send_request("\r\n" + get_request);
  fixture.read(2 + get_request.size());
  CHECK(fixture.only_exchange().path == "/things");
}

TEST_CASE("exchange recorder: a response starts with the first byte of the final response", "[sim][recorder]") {
  recorder_fixture fixture;
  fixture.send_request(get_request);
  fixture.read(get_request.size());
  fixture.send_response("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK_FALSE(fixture.only_exchange().response_started_at);
  fixture.hosts.time.run_for(5ms);
  fixture.send_response(ok_response);
  CHECK(fixture.only_exchange().response_started_at == fixture.hosts.time.now());
}

TEST_CASE("exchange recorder: closing a connection is recorded for its pending request", "[sim][recorder]") {
  recorder_fixture fixture;
  fixture.send_request(get_request);
  fixture.read(get_request.size());
  SECTION("before the response") {
    fixture.peers->server.stream().close();
    CHECK(fixture.only_exchange().is_closed_without_response);
  }
  SECTION("within the response header") {
    fixture.send_response(ok_response.substr(0, 30));
    fixture.peers->server.stream().close();
    CHECK_FALSE(fixture.only_exchange().is_closed_without_response);
    CHECK_FALSE(fixture.only_exchange().response_completed_at);
  }
  SECTION("before the last byte of the response") {
    fixture.send_response(ok_response.substr(0, ok_response.size() - 1));
    fixture.peers->server.stream().close();
    CHECK_FALSE(fixture.only_exchange().response_completed_at);
    CHECK_FALSE(fixture.only_exchange().is_closed_without_response);
  }
  SECTION("at the end of a response without a length") {
    fixture.send_response("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
    CHECK_FALSE(fixture.only_exchange().response_completed_at);
    fixture.peers->server.stream().close();
    CHECK(fixture.only_exchange().response_completed_at);
  }
  SECTION("by the client") {
    fixture.peers->client.stream().close();
    CHECK_FALSE(fixture.only_exchange().is_closed_without_response);
  }
  CHECK(fixture.recorder.violations().empty());
}

TEST_CASE("exchange recorder: pipelined requests, and requests whose client has closed the connection, are marked",
          "[sim][recorder]") {
  recorder_fixture fixture;
  fixture.send_request(get_request + get_request);
  fixture.read(2 * get_request.size());
  CHECK_FALSE(fixture.recorder.exchanges()[0].is_pipelined);
  CHECK(fixture.recorder.exchanges()[1].is_pipelined);
  fixture.send_response(ok_response);
  CHECK_FALSE(fixture.recorder.exchanges()[1].has_client_closed);
  fixture.send_request(get_request);
  fixture.peers->client.stream().close();
  CHECK_FALSE(fixture.recorder.exchanges()[0].has_client_closed);
  CHECK(fixture.recorder.exchanges()[1].has_client_closed);
  fixture.read(get_request.size());
  CHECK(fixture.recorder.exchanges()[2].has_client_closed);
}

TEST_CASE("exchange recorder: bytes that are sent to the client are not recorded as requests", "[sim][recorder]") {
  recorder_fixture fixture;
  for (int i = 0; i < 2; ++i) {
    fixture.send_request(get_request);
    fixture.read(get_request.size());
    fixture.send_response(ok_response);
    CHECK(fixture.peers->client.read() == ok_response);
  }
  CHECK(fixture.recorder.exchanges().size() == 2);
  CHECK(fixture.recorder.violations().empty());
}

TEST_CASE("exchange recorder: exchanges are counted by server and path", "[sim][recorder]") {
  recorder_fixture fixture;
  const std::string other = "GET /other HTTP/1.1\r\nHost: x\r\n\r\n";
  fixture.send_request(get_request + get_request + get_request + other);
  fixture.read(3 * get_request.size() + other.size());
  fixture.send_response(ok_response + ok_response);
  fixture.peers->server.stream().close();
  const auto counts = fixture.recorder.count(fixture.hosts.server, "/things");
  CHECK(counts.requests == 3);
  CHECK(counts.responses == 2);
  CHECK(counts.closed_without_response == 1);
  CHECK(fixture.recorder.count(fixture.hosts.server, "/other").requests == 1);
  CHECK(fixture.recorder.count(fixture.hosts.client, "/things").requests == 0);
  CHECK(fixture.recorder.count([](const exchange&) { return true; }).requests == 4);
}

}  // namespace
}  // namespace cohort::sim
