// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/save_body.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/support/stored_file.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A route that stores the body of its requests in the file `target`.
struct saving_fixture : server_fixture, stored_file {
  saving_fixture() {
    routes
        .post("/save", [this](request_context& context,
                              http::body_reader& body) { return save(&target, &options, &context, &body); })
        .body_limit(1000);
  }

  static task<http::response> save(std::filesystem::path* target, http::keep_options* options, request_context* context,
                                   http::body_reader* body) {
    auto save_task = http::save_body(*body, *target, *context, *options);
    const auto size = co_await std::move(save_task);
    if (!size) co_return http::save_error_response(size.error());
    co_return text_response(std::to_string(*size));
  }

  http::keep_options options{.replaces = true, .is_durable = false};
};

TEST_CASE("save_body: the file receives its name, and replaces an existing file, once the body is complete",
          "[http][streaming]") {
  saving_fixture fixture;
  fixture.options.is_durable = GENERATE(true, false);
  for (const std::string body : {"first", "second, longer", ""}) {
    auto client = fixture.connect();
    const auto previous_content = fixture.content();
    const auto request = post("/save", body);
    const auto head = request.substr(0, request.size() - body.size());
    client.send(head + body.substr(0, body.size() / 2));
    if (!body.empty()) {
      fixture.time.run_for(1s);
      CHECK(fixture.content() == previous_content);
    }
    client.send(body.substr(body.size() / 2));
    CHECK(client.receive()->body == std::to_string(body.size()));
    CHECK(fixture.content() == body);
    CHECK(fixture.file_count() == 1);
  }
  const auto permissions = std::filesystem::status(fixture.target).permissions();
  CHECK((permissions & std::filesystem::perms::owner_read) != std::filesystem::perms::none);
  CHECK((permissions & std::filesystem::perms::owner_exec) == std::filesystem::perms::none);
}

TEST_CASE("save_body: without `replaces`, an existing file causes an error and is not changed", "[http][streaming]") {
  saving_fixture fixture;
  fixture.options.replaces = false;
  CHECK(fixture.response_to(post("/save", "first")).status == 200);
  CHECK(fixture.response_to(post("/save", "second")).status == 409);
  CHECK(fixture.content() == "first");
  CHECK(fixture.file_count() == 1);
}

TEST_CASE("save_body: a body that fails leaves no file", "[http][streaming]") {
  const auto [bytes, status] = GENERATE(table<std::string, int>({
      {post("/save", std::string(1001, 'x')), 413},
      {"POST /save HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZ", 400},
      {"POST /save HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc", 408},
  }));
  CAPTURE(bytes.substr(0, 100));
  saving_fixture fixture;
  auto client = fixture.connect();
  client.send(bytes);
  fixture.time.run_for(20s);
  CHECK(client.receive()->status == status);
  CHECK(fixture.file_count() == 0);
}

TEST_CASE("save_body: an upload that the client aborts leaves no file", "[http][streaming]") {
  saving_fixture fixture;
  {
    auto client = fixture.connect();
    client.send("POST /save HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc");
    fixture.time.run_for(1s);
    client.stream().close();
  }
  fixture.time.run_for(1s);
  CHECK(fixture.file_count() == 0);
}

TEST_CASE("save_body: the response is 500 if the file cannot be stored, and 507 if the disk is full",
          "[http][streaming]") {
  saving_fixture fixture;
  fixture.target = fixture.directory.path() / "missing" / "saved";
  CHECK(fixture.response_to(post("/save", "body")).status == 500);
  // A device without space cannot simulate this error, because no regular file can be created there.
  for (const int number : {ENOSPC, EDQUOT}) {
    const auto response = http::save_error_response({.file = {number, boost::system::system_category()}});
    CHECK(response.code() == http::status::insufficient_storage);
  }
}

}  // namespace
}  // namespace cohort
