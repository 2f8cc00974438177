// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/save_body.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>

#include "tests/support/stored_file.hpp"
#include "tests/unit/http/client/streaming/streaming_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

struct download_fixture : streaming_fixture, stored_file {
  /// Stores the body of a response; the server sends only `bytes` of the response.
  result<std::uint64_t> download(std::string_view bytes, bool closes_connection = true, duration timeout = 1h) {
    open(get_request("http://site.test/"));
    auto& server = newest_connection();
    server.read_request();
    server.send(bytes);
    auto& opened_response = response();
    if (closes_connection) server.close();
    const call_context context{.deadline = deadline::after(time.now(), timeout)};
    return time.run(http::save_body(*opened_response.body, target, context, max_bytes));
  }

  std::uint64_t max_bytes = 6;
};

TEST_CASE("save_body: the body of a response is stored, and replaces a file", "[http][client][streaming]") {
  download_fixture fixture;
  std::ofstream{fixture.target} << "old and longer";
  const auto response =
      GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n");
  CHECK(fixture.download(response).value() == 6);
  CHECK(fixture.content() == "abcdef");
  CHECK(fixture.file_count() == 1);
}

TEST_CASE("save_body: a response of more than `max_bytes` fails and leaves no file", "[http][client][streaming]") {
  download_fixture fixture;
  fixture.max_bytes = 5;
  const auto save_result = fixture.download("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
  CHECK(save_result.error() == make_error_code(client_error::body_too_large));
  CHECK(fixture.file_count() == 0);
}

TEST_CASE("save_body: a truncated response leaves no file", "[http][client][streaming]") {
  download_fixture fixture;
  const auto save_result = fixture.download("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
  CHECK(save_result.error() == make_error_code(client_error::body_truncated));
  CHECK(fixture.file_count() == 0);
}

TEST_CASE("save_body: a response that pauses fails at the idle timeout or at the deadline",
          "[http][client][streaming]") {
  const auto timeout = GENERATE(duration{5s}, duration{1h});
  download_fixture fixture;
  const auto start = fixture.time.now();
  const auto save_result = fixture.download("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc", false, timeout);
  CHECK(save_result.error() == make_error_code(client_error::body_timeout));
  CHECK(fixture.time.now() - start >= std::min(timeout, duration{30s}));
  CHECK(fixture.time.now() - start < std::min(timeout, duration{30s}) + 1s);
  CHECK(fixture.file_count() == 0);
}

TEST_CASE("save_body: if the file cannot be created, the error of the operating system is returned",
          "[http][client][streaming]") {
  download_fixture fixture;
  fixture.target = fixture.directory.path() / "missing" / "saved";
  const auto save_result = fixture.download("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  CHECK(save_result.error() == boost::system::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace cohort
