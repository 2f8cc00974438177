#include "core/sim/exchange_watch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/sim/two_hosts.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;

const std::string get = "GET /things?x=1 HTTP/1.1\r\nHost: server\r\n\r\n";
const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A connection whose two ends the test plays, however it is cut.
struct watched_talk {
  explicit watched_talk(std::size_t largest_read = 64 * 1024) {
    link_conditions how;
    how.largest_read = largest_read;
    both.network.set_usual_conditions(how);
    both.network.observe(watch);
    ends.emplace(both.connect());
  }
  void ask(const std::string& bytes) { CHECK(ends->near.send(bytes) == bytes.size()); }
  /// The server reads so many bytes.
  void read(std::size_t count) {
    for (std::size_t got = 0; got < count;) got += ends->far.read()->size();
  }
  void say(const std::string& bytes) { CHECK(ends->far.send(bytes) == bytes.size()); }
  const exchange& only() const {
    REQUIRE(watch.exchanges().size() == 1);
    return watch.exchanges().front();
  }

  two_hosts both;
  exchange_watch watch{both.time.main_loop()};
  std::optional<two_hosts::ends> ends;
};

TEST_CASE("A request counts once its server has read it to its end, and an answer once it is all written") {
  watched_talk talk{GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{65536})};
  talk.ask(get);
  talk.both.time.run_for(10ms);
  CHECK(talk.watch.exchanges().empty());
  talk.read(get.size() - 1);
  const bool cut = talk.both.network.connections(talk.both.client, talk.both.server).size() == 1;
  CHECK(cut);
  if (talk.watch.exchanges().empty()) talk.read(1);
  const auto read_at = talk.both.time.now();
  CHECK(talk.only().read == read_at);
  CHECK(talk.only().from == &talk.both.client);
  CHECK(talk.only().at == &talk.both.server);
  CHECK(talk.only().connection == 1);
  CHECK(talk.only().method == "GET");
  CHECK(talk.only().path == "/things");
  CHECK_FALSE(talk.only().remaining);
  CHECK_FALSE(talk.only().answer_began);
  CHECK(talk.only().status == 0);

  talk.both.time.run_for(5ms);
  talk.say(answer.substr(0, 20));
  talk.both.time.run_for(5ms);
  CHECK(talk.only().answer_began == read_at + 5ms);
  CHECK_FALSE(talk.only().answered);
  talk.say(answer.substr(20));
  CHECK(talk.only().answered == read_at + 10ms);
  CHECK(talk.only().status == 200);
  CHECK(talk.watch.violations().empty());
}

TEST_CASE("What the client still waits for is kept, if it says so") {
  watched_talk talk;
  const std::string hurried = "GET / HTTP/1.1\r\nHost: x\r\nx-envoy-expected-rq-timeout-ms: 250\r\n\r\n";
  talk.ask(hurried);
  talk.read(hurried.size());
  CHECK(talk.only().remaining == 250ms);
}

TEST_CASE("Requests that come at once are answered in their order") {
  watched_talk talk;
  const std::string second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
  talk.ask(get + second);
  talk.read(get.size() + second.size());
  REQUIRE(talk.watch.exchanges().size() == 2);
  talk.say(answer + "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  CHECK(talk.watch.exchanges()[0].status == 200);
  CHECK(talk.watch.exchanges()[1].path == "/second");
  CHECK(talk.watch.exchanges()[1].status == 404);
  CHECK(talk.watch.exchanges()[1].answered);
  CHECK(talk.watch.violations().empty());
}

TEST_CASE("A request's body belongs to it, by length or in chunks") {
  watched_talk talk{GENERATE(std::size_t{1}, std::size_t{65536})};
  const std::string head = "POST /form HTTP/1.1\r\nHost: x\r\n";
  const std::string post = GENERATE(std::string{"Content-Length: 5\r\n\r\nGET /"},
                                    std::string{"Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n"});
  talk.ask(head + post + get);
  talk.read(head.size() + post.size() + get.size());
  REQUIRE(talk.watch.exchanges().size() == 2);
  CHECK(talk.watch.exchanges()[0].path == "/form");
  CHECK(talk.watch.exchanges()[1].path == "/things");
}

TEST_CASE("An answer to HEAD has no body, one in chunks has its own end, an interim one is none") {
  watched_talk talk;
  const std::string head = "HEAD /one HTTP/1.1\r\nHost: x\r\n\r\n";
  talk.ask(head + get);
  talk.read(head.size() + get.size());
  talk.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  CHECK(talk.watch.exchanges()[0].answered);
  talk.say("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK_FALSE(talk.watch.exchanges()[1].answered);
  talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
  CHECK_FALSE(talk.watch.exchanges()[1].answered);
  talk.say("0\r\n\r\n");
  CHECK(talk.watch.exchanges()[1].answered);
  CHECK(talk.watch.exchanges()[1].status == 200);
  CHECK(talk.watch.violations().empty());
}

TEST_CASE("A second answer to one request is a violation, as is one to none") {
  watched_talk talk;
  SECTION("a second") {
    talk.ask(get);
    talk.read(get.size());
    talk.say(answer);
    CHECK(talk.watch.violations().empty());
    talk.say(answer);
  }
  SECTION("to none") { talk.say(answer); }
  CHECK(talk.watch.violations() ==
        std::vector<std::string>{"server answered what was not asked, on connection #1 from client"});
}

TEST_CASE("What is no answer is a violation, told once") {
  watched_talk talk;
  talk.ask(get);
  talk.read(get.size());
  talk.say("hello there\r\n\r\n");
  talk.say("hello again\r\n\r\n");
  CHECK(talk.watch.violations() ==
        std::vector<std::string>{"server wrote what is no answer, on connection #1 from client"});
}

TEST_CASE("A request that is not whole, or is none, may be refused") {
  watched_talk talk;
  const std::string broken = GENERATE(std::string{"GET /thi"}, std::string{"GET / HTTP/1.1\r\nHost\r\n\r\n"},
                                      std::string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"},
                                      std::string{"GET / HTTP/1.1\nHost: x\n\n"});
  talk.ask(broken);
  talk.read(broken.size());
  talk.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  CHECK(talk.watch.violations().empty());
  CHECK(talk.watch.exchanges().empty());
}

TEST_CASE("After what cannot be read, requests are not counted any more") {
  watched_talk talk;
  const std::string broken = "GET / HTTP/1.1\r\nHost\r\n\r\n";
  talk.ask(broken);
  talk.read(broken.size());
  talk.ask(get);
  talk.read(get.size());
  CHECK(talk.watch.exchanges().empty());
}

TEST_CASE("An empty line before a request is skipped, however it was cut") {
  watched_talk talk{GENERATE(std::size_t{1}, std::size_t{65536})};
  talk.ask("\r\n" + get);
  talk.read(2 + get.size());
  CHECK(talk.only().path == "/things");
}

TEST_CASE("An answer begins with its own first byte, not with an interim one's") {
  watched_talk talk;
  talk.ask(get);
  talk.read(get.size());
  talk.say("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK_FALSE(talk.only().answer_began);
  talk.both.time.run_for(5ms);
  talk.say(answer);
  CHECK(talk.only().answer_began == talk.both.time.now());
}

TEST_CASE("A connection that closes with a request unanswered shows at the request") {
  watched_talk talk;
  talk.ask(get);
  talk.read(get.size());
  SECTION("nothing was said") {
    talk.ends->far.stream().close();
    CHECK(talk.only().closed_unanswered);
  }
  SECTION("something was said") {
    talk.say(answer.substr(0, 30));
    talk.ends->far.stream().close();
    CHECK_FALSE(talk.only().closed_unanswered);
    CHECK_FALSE(talk.only().answered);
  }
  SECTION("all but the last byte was said") {
    talk.say(answer.substr(0, answer.size() - 1));
    talk.ends->far.stream().close();
    CHECK_FALSE(talk.only().answered);
    CHECK_FALSE(talk.only().closed_unanswered);
  }
  SECTION("the end of the connection is the answer's") {
    talk.say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
    CHECK_FALSE(talk.only().answered);
    talk.ends->far.stream().close();
    CHECK(talk.only().answered);
  }
  SECTION("the client closes, which says nothing of the server") {
    talk.ends->near.stream().close();
    CHECK_FALSE(talk.only().closed_unanswered);
  }
  CHECK(talk.watch.violations().empty());
}

TEST_CASE("A request that came before the last one's answer is told apart, and one whose client left") {
  watched_talk talk;
  talk.ask(get + get);
  talk.read(2 * get.size());
  CHECK_FALSE(talk.watch.exchanges()[0].pipelined);
  CHECK(talk.watch.exchanges()[1].pipelined);
  talk.say(answer);
  CHECK_FALSE(talk.watch.exchanges()[1].client_left);
  talk.ask(get);
  talk.ends->near.stream().close();
  CHECK_FALSE(talk.watch.exchanges()[0].client_left);
  CHECK(talk.watch.exchanges()[1].client_left);
  talk.read(get.size());
  CHECK(talk.watch.exchanges()[2].client_left);
}

TEST_CASE("What the client reads are no requests") {
  watched_talk talk;
  for (int i = 0; i < 2; ++i) {
    talk.ask(get);
    talk.read(get.size());
    talk.say(answer);
    CHECK(talk.ends->near.read() == answer);
  }
  CHECK(talk.watch.exchanges().size() == 2);
  CHECK(talk.watch.violations().empty());
}

TEST_CASE("Exchanges are counted by server and path") {
  watched_talk talk;
  const std::string other = "GET /other HTTP/1.1\r\nHost: x\r\n\r\n";
  talk.ask(get + get + get + other);
  talk.read(3 * get.size() + other.size());
  talk.say(answer + answer);
  talk.ends->far.stream().close();
  const auto things = talk.watch.count(talk.both.server, "/things");
  CHECK(things.requests == 3);
  CHECK(things.answers == 2);
  CHECK(things.closed_unanswered == 1);
  CHECK(talk.watch.count(talk.both.server, "/other").requests == 1);
  CHECK(talk.watch.count(talk.both.client, "/things").requests == 0);
  CHECK(talk.watch.count([](const exchange&) { return true; }).requests == 4);
}

}  // namespace
}  // namespace cohort::sim
