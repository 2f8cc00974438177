// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/unix_socket.hpp>

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/net/system/system_network.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/net/loopback.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
namespace errc = boost::system::errc;

struct socket_fixture {
  temporary_directory directory;
  std::string path = (directory.path() / "app.sock").string();
  real_time_fixture time;
  net::system_network network;

  result<std::unique_ptr<net::acceptor>> listen(unsigned mode = 0600) {
    return net::listen_unix(time.event_loop(), path, mode);
  }
  result<net::stream_ptr> connect() { return time.run(network.connect_unix(path, time.long_deadline())); }
  unsigned file_type_and_mode() const {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
  }
};

TEST_CASE("unix socket: bytes are transferred in both directions, and the peer reads the end of the stream",
          "[net][unix]") {
  socket_fixture fixture;
  auto listener = *fixture.listen();
  CHECK(listener->unix_path() == fixture.path);
  auto client = *fixture.connect();
  auto server = *fixture.time.run(listener->accept(fixture.time.event_loop()));
  CHECK(client->peer_address() == "unix");
  CHECK(server->peer_address() == "unix");
  CHECK(fixture.time.run(write_bytes(*client, "question")) == 8U);
  CHECK(fixture.time.run(read_once(*server)) == std::string{"question"});
  CHECK(fixture.time.run(write_bytes(*server, "answer")) == 6U);
  server->shutdown_write();
  CHECK(fixture.time.run(read_once(*client)) == std::string{"answer"});
  CHECK(fixture.time.run(read_once(*client)).error() == asio::error::eof);
  client->set_deadline(fixture.time.short_deadline());
  server->set_deadline(fixture.time.short_deadline());
  CHECK(fixture.time.run(read_once(*server)).error() == asio::error::timed_out);
}

TEST_CASE("unix socket: the socket file has the configured permissions, and is removed with the listener",
          "[net][unix]") {
  socket_fixture fixture;
  const unsigned mode = GENERATE(0600U, 0666U);
  {
    const auto listener = *fixture.listen(mode);
    CHECK(fixture.file_type_and_mode() == (S_IFSOCK | mode));
  }
  CHECK(fixture.file_type_and_mode() == 0);
  CHECK(fixture.connect().error() == errc::no_such_file_or_directory);
}

TEST_CASE("unix socket: a stale socket file is replaced; a socket in use is rejected with address_in_use",
          "[net][unix]") {
  socket_fixture fixture;
  const auto other_path = fixture.path + ".other";
  auto first = *fixture.listen();
  CHECK(fixture.listen().error() == asio::error::address_in_use);
  // The file is a stale socket file, as a killed program leaves it.
  REQUIRE(::rename(fixture.path.c_str(), other_path.c_str()) == 0);
  first.reset();
  REQUIRE(::rename(other_path.c_str(), fixture.path.c_str()) == 0);
  CHECK(fixture.connect().error() == asio::error::connection_refused);
  const auto second = fixture.listen();
  REQUIRE(second);
  CHECK(fixture.connect());
}

TEST_CASE("unix socket: a listener does not remove the socket that has replaced its own socket", "[net][unix]") {
  socket_fixture fixture;
  auto first = *fixture.listen();
  REQUIRE(::unlink(fixture.path.c_str()) == 0);
  const auto second = *fixture.listen();
  first.reset();
  CHECK(fixture.connect());
}

TEST_CASE("unix socket: a file that is not a socket is not replaced, and the length of the path is limited",
          "[net][unix]") {
  socket_fixture fixture;
  SECTION("a file") {
    fixture.directory.write("app.sock", "content");
    CHECK(fixture.listen().error() == errc::file_exists);
    CHECK(fixture.connect().error() == asio::error::connection_refused);
  }
  SECTION("a long path") {
    fixture.path = "/tmp/" + std::string(102, 'x');
    CHECK(fixture.listen().error() == errc::filename_too_long);
    fixture.path += "x";
    CHECK(fixture.connect().error() == errc::filename_too_long);
  }
  SECTION("a directory that does not exist") {
    fixture.path = (fixture.directory.path() / "none" / "app.sock").string();
    CHECK(fixture.listen().error() == errc::no_such_file_or_directory);
  }
}

}  // namespace
}  // namespace cohort
