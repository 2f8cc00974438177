// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/response_reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/unit/http/message/body/gzip_compression.hpp"
#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string make_response_bytes(std::string_view fields, std::string_view body) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append(fields).append("\r\n").append(body);
}

/// Returns the report of five requests to a server with this response.
loadgen::run_report run_against(const std::string& response, load_settings settings,
                                net::memory_pipe_settings pipe_settings = {}) {
  load_fixture fixture{pipe_settings};
  fixture.serve_script([&](net::stream& stream, std::size_t) { return send(stream, response); });
  return fixture.run(settings);
}

// ---- limits of a message

struct header_size_case {
  std::size_t connections;
  std::size_t field_length;
};

TEST_CASE("response reader: a header of any size up to 64 KiB is accepted with any number of connections",
          "[loadgen][client][case-4.1]") {
  const auto example = GENERATE(from_range(std::vector<header_size_case>{
      {8192, 6'000}, {64, 20'000}, {1, 20'000}, {8192, 60'000}, {100'000, 60'000}, {256, 16'384}, {256, 4'096}}));
  CAPTURE(example.connections, example.field_length);
  auto settings = constant_load(10, 500ms);
  settings.connections = example.connections;
  const auto response = make_response_bytes("X-Long: " + std::string(example.field_length, 'x') + "\r\n", "hello");
  const auto report = run_against(response, settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
  CHECK(report.totals.connections_opened == 1);
}

TEST_CASE("response reader: a long header is accepted for any segmentation of its bytes",
          "[loadgen][client][case-4.1]") {
  net::memory_pipe_settings pipe_settings;
  pipe_settings.max_read_size = GENERATE(100U, 4'095U, 4'096U, 4'097U);
  auto settings = constant_load(10, 500ms);
  settings.connections = 8192;
  std::string fields;
  for (int i = 0; i < 60; ++i) fields += "X-Field-" + std::to_string(i) + ": " + std::string(500, 'x') + "\r\n";
  const auto report = run_against(make_response_bytes(fields, "hello"), settings, pipe_settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
}

TEST_CASE("response reader: long trailers and chunk extensions are accepted with many connections",
          "[loadgen][client][case-4.1]") {
  const std::string long_text(6'000, 'x');
  const auto response = GENERATE_COPY(
      as<std::string>{},
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=" + long_text + "\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: " + long_text + "\r\n\r\n");
  auto settings = constant_load(10, 500ms);
  settings.connections = 8192;
  const auto report = run_against(response, settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
}

TEST_CASE("response reader: a header larger than 64 KiB is invalid for any number of connections",
          "[loadgen][client][case-4.1]") {
  auto settings = constant_load(10, 500ms);
  settings.connections = GENERATE(1U, 64U, 8192U);
  const auto response = make_response_bytes("X-Long: " + std::string(70'000, 'x') + "\r\n", "hello");
  const auto report = run_against(response, settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::protocol) == 5);
}

// ---- compressed bodies

struct encoding_case {
  const char* coding;
  std::string body;
  request_outcome outcome;
};

TEST_CASE("response reader: a body is decompressed before it is compared with the expected text",
          "[loadgen][client][case-4.6]") {
  const std::string page = "<title>Cohort</title>" + std::string(10'000, ' ');
  const auto example = GENERATE_COPY(from_range(std::vector<encoding_case>{
      {"gzip", gzip_compress(page), request_outcome::status_2xx},
      {"GZIP", gzip_compress(page), request_outcome::status_2xx},
      {"x-gzip", gzip_compress(page), request_outcome::status_2xx},
      {"deflate", compress(page, 15), request_outcome::status_2xx},
      {"identity", page, request_outcome::status_2xx},
      {"gzip", gzip_compress("another page"), request_outcome::body_check},
      {"gzip", page, request_outcome::body_check},
      {"gzip", gzip_compress(page).substr(0, 30), request_outcome::body_check},
      {"br", page, request_outcome::body_check},
  }));
  CAPTURE(example.coding, example.body.size());
  auto settings = constant_load(10, 500ms);
  settings.targets.front().request.fields.emplace_back("Accept-Encoding", "gzip, deflate");
  settings.targets.front().expected_body = "<title>Cohort</title>";
  const auto response = make_response_bytes("Content-Encoding: " + std::string{example.coding} + "\r\n", example.body);
  const auto report = run_against(response, settings);
  CHECK(count_of(report.totals.outcomes, example.outcome) == 5);
  CHECK(report.totals.connections_opened == 1);
}

TEST_CASE("response reader: a chunked body in several gzip members is decompressed", "[loadgen][client][case-4.6]") {
  const auto body = gzip_compress("<title>Co") + gzip_compress("hort</title>");
  char size[17];
  std::snprintf(size, sizeof size, "%zx", body.size());
  auto settings = constant_load(10, 500ms);
  settings.targets.front().expected_body = "<title>Cohort</title>";
  const auto report = run_against("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" +
                                      std::string{size} + "\r\n" + body + "\r\n0\r\n\r\n",
                                  settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
}

TEST_CASE("response reader: without an expected text, a compressed body is not decompressed",
          "[loadgen][client][case-4.6]") {
  const auto report =
      run_against(make_response_bytes("Content-Encoding: gzip\r\n", "not gzip"), constant_load(10, 500ms));
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
}

}  // namespace
}  // namespace cohort
