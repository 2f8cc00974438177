// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/multipart_body.hpp>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include <cohort/http/client/streaming/file_source.hpp>
#include <cohort/http/message/form/multipart_parser.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/http/client/streaming/streaming_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::multipart_body;

struct parsed_part {
  std::string name;
  std::optional<std::string> filename;
  std::string content_type;
  std::string content;
  bool operator==(const parsed_part&) const = default;
};

/// Returns the parts of a body, as the server's parser reads them.
std::vector<parsed_part> parse(const std::string& content_type, std::string_view body) {
  http::multipart_parser parser{http::multipart_boundary(content_type).value()};
  std::vector<parsed_part> parts;
  using event = http::multipart_parser::event;
  for (auto next = parser.next(body); next != event::end; next = parser.next(body)) {
    if (next == event::part) {
      parts.push_back({parser.part().name, parser.part().filename, parser.part().content_type, {}});
    } else if (next == event::data) {
      parts.back().content += parser.data();
    } else if (next == event::error || next == event::need_input) {
      throw std::runtime_error("not multipart: " + parser.error().reason);
    }
  }
  return parts;
}

struct body_owner {
  std::unique_ptr<multipart_body> body;
};

task<body_owner> make_body() { co_return body_owner{std::make_unique<multipart_body>()}; }

/// Returns the content of a source, or its error, and sets `max_chunk_size` to the size of the longest chunk.
task<result<std::string, client_error>> read_all(http::request_body_source* source, std::size_t* max_chunk_size) {
  std::string content;
  for (;;) {
    auto read_task = source->read({});
    const auto part = co_await std::move(read_task);
    if (!part) co_return part.error();
    if (part->empty()) co_return content;
    *max_chunk_size = std::max(*max_chunk_size, part->size());
    content += *part;
  }
}

struct body_fixture {
  virtual_time time;
  std::unique_ptr<multipart_body> body = time.run(make_body()).body;
  std::size_t max_chunk_size = 0;

  result<std::string, client_error> read(http::request_body_source& source) {
    return time.run(read_all(&source, &max_chunk_size));
  }
};

TEST_CASE("multipart body: the server's parser returns the fields and files that were added", "[http][client][form]") {
  body_fixture fixture;
  auto& form = *fixture.body;
  form.add_field("title", "a report").add_field("empty", "").add_field("a \"b\"\r\nc: d", "--x\r\n");
  form.add_file("data", "räport.json", "application/json", std::make_unique<http::text_body_source>("{}"));
  const auto length = form.content_length();
  const auto bytes = fixture.read(form).value();
  CHECK(length == bytes.size());
  const std::vector<parsed_part> expected{
      {"title", std::nullopt, "", "a report"},
      {"empty", std::nullopt, "", ""},
      {"a \"b\"%0D%0Ac: d", std::nullopt, "", "--x\r\n"},
      {"data", "räport.json", "application/json", "{}"},
  };
  CHECK(parse(form.content_type(), bytes) == expected);
  CHECK(fixture.read(form).value().empty());
  CHECK(form.rewind());
  CHECK(fixture.read(form).value() == bytes);
}

TEST_CASE("multipart body: a form without parts consists of the closing delimiter only", "[http][client][form]") {
  body_fixture fixture;
  const auto bytes = fixture.read(*fixture.body).value();
  CHECK(bytes == "--" + fixture.body->content_type().substr(30) + "--\r\n");
  CHECK(fixture.body->content_length() == bytes.size());
}

TEST_CASE("multipart body: a file from the disk is sent in chunks of at most 64 KiB", "[http][client][form]") {
  body_fixture fixture;
  const temporary_directory directory;
  const std::string content(1'000'000, 'x');
  const auto path = directory.write("large.bin", content);
  CHECK_FALSE(fixture.body->add_file("file", path.string(), "image/png"));
  const auto bytes = fixture.read(*fixture.body).value();
  CHECK(fixture.body->content_length() == bytes.size());
  CHECK(fixture.max_chunk_size == 64 * 1024);
  const std::vector<parsed_part> expected{{"file", "large.bin", "image/png", content}};
  CHECK(parse(fixture.body->content_type(), bytes) == expected);
}

TEST_CASE("multipart body: a file that cannot be read causes an error", "[http][client][form]") {
  namespace errc = boost::system::errc;
  body_fixture fixture;
  const temporary_directory directory;
  CHECK(fixture.body->add_file("file", (directory.path() / "none").string()) == errc::no_such_file_or_directory);
  CHECK(fixture.body->add_file("file", directory.path().string()) == errc::is_a_directory);
  CHECK(fixture.body->add_file("file", "/dev/null") == errc::invalid_argument);
  const auto path = directory.write("short", "four");
  CHECK_FALSE(fixture.body->add_file("file", path.string()));
  std::filesystem::resize_file(path, 2);
  CHECK(fixture.read(*fixture.body).error() == client_error::request_body_failed);
  CHECK_THROWS_AS(fixture.body->add_file("f", "f", "a\r\nb: c", std::make_unique<http::text_body_source>("")),
                  std::invalid_argument);
}

TEST_CASE("multipart body: the length is unknown if a source has no length, and rewind fails if a source cannot rewind",
          "[http][client][form]") {
  body_fixture fixture;
  auto source = std::make_unique<scripted_source>();
  source->add("ab");
  source->add("");
  fixture.body->add_file("file", "f", "text/plain", std::move(source));
  CHECK_FALSE(fixture.body->content_length().has_value());
  CHECK(parse(fixture.body->content_type(), fixture.read(*fixture.body).value()).at(0).content == "ab");
  CHECK_FALSE(fixture.body->rewind());
}

}  // namespace
}  // namespace cohort
