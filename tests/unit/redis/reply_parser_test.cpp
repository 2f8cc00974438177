// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/reply_parser.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include <cohort/redis/command.hpp>

namespace cohort::redis {
namespace {

using kind = reply::kind;

reply text_reply(kind type, std::string text) { return {.type = type, .text = std::move(text)}; }
reply number_reply(std::int64_t number) { return {.type = kind::number, .number = number}; }

/// Returns the reply parsed from `input`, or the parser's error message.
result<reply> parse(std::string_view input, reply_limits limits = {}) {
  reply_parser parser{limits};
  std::optional<std::string> failure;
  const auto used = parser.parse(input, failure);
  if (failure) return error{errc::protocol_error, *failure};
  auto value = parser.take();
  if (!value) return error{errc::protocol_error, "incomplete"};
  CHECK(used == input.size());
  return std::move(*value);
}

std::string parse_error(std::string_view input, reply_limits limits = {}) {
  const auto parsed = parse(input, limits);
  return parsed ? std::string{} : parsed.error().message;
}

TEST_CASE("redis reply parser: parses the values of RESP3", "[redis][parser]") {
  CHECK(parse("+OK\r\n").value() == text_reply(kind::simple_string, "OK"));
  CHECK(parse("-ERR no\r\n").value() == text_reply(kind::error, "ERR no"));
  CHECK(parse("!3\r\nERR\r\n").value() == text_reply(kind::error, "ERR"));
  CHECK(parse("$4\r\na\r\nb\r\n").value() == text_reply(kind::blob_string, "a\r\nb"));
  CHECK(parse("$0\r\n\r\n").value() == text_reply(kind::blob_string, ""));
  CHECK(parse("=7\r\ntxt:abc\r\n").value() == text_reply(kind::verbatim_string, "abc"));
  CHECK(parse(":-9223372036854775808\r\n").value() == number_reply(INT64_MIN));
  CHECK(parse(",1.5e3\r\n").value() == reply{.type = kind::real, .real = 1500});
  CHECK(parse(",-inf\r\n").value().real == -INFINITY);
  CHECK(std::isnan(parse(",nan\r\n").value().real));
  CHECK(parse("(-3492890328409238509324850943850943825024385\r\n").value().text ==
        "-3492890328409238509324850943850943825024385");
  CHECK(parse("#t\r\n").value() == reply{.type = kind::boolean, .number = 1});
  for (const auto* null : {"_\r\n", "$-1\r\n", "*-1\r\n"}) CHECK(parse(null).value().is_null());
  CHECK(parse("*2\r\n:1\r\n*1\r\n#f\r\n").value() ==
        reply{.type = kind::array,
              .items = {number_reply(1), {.type = kind::array, .items = {{.type = kind::boolean}}}}});
  CHECK(parse("~1\r\n+a\r\n").value() == reply{.type = kind::set, .items = {text_reply(kind::simple_string, "a")}});
  CHECK(parse(">0\r\n").value() == reply{.type = kind::push});
  const auto map = parse("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n").value();
  REQUIRE(map.find("b"));
  CHECK(*map.find("b") == number_reply(2));
  CHECK(!map.find("c"));
}

TEST_CASE("redis reply parser: ignores attributes, at each level", "[redis][parser]") {
  CHECK(parse("|1\r\n+ttl\r\n:3600\r\n*2\r\n|0\r\n:1\r\n|1\r\n+a\r\n%1\r\n:1\r\n:2\r\n:2\r\n").value() ==
        reply{.type = kind::array, .items = {number_reply(1), number_reply(2)}});
}

TEST_CASE("redis reply parser: rejects an invalid reply with one message", "[redis][parser]") {
  CHECK(parse_error("HTTP/1.1 400 Bad Request") == "unknown reply type 'H'");
  CHECK(parse_error(std::string_view{"\0", 1}) == "unknown reply type byte 0");
  CHECK(parse_error("+OK\n") == "a line does not end with CRLF");
  CHECK(parse_error("+a\rb\r\n") == "a line contains CR");
  for (const auto* number : {":\r\n", ":1a\r\n", ":9223372036854775808\r\n", ":+-1\r\n", ": 1\r\n"}) {
    CHECK(parse_error(number) == "the value after ':' is invalid");
  }
  for (const auto* value : {",0x1\r\n", "(12a\r\n", "(\r\n", "#x\r\n", "_x\r\n"}) CHECK(parse(value).has_error());
  for (const auto* length : {"$-2\r\n", "$?\r\n", "*-2\r\n", "*?\r\n", "%1.5\r\n", "=-1\r\n"}) {
    CHECK(parse_error(length) == std::string{"the length after '"} + length[0] + "' is invalid");
  }
  CHECK(parse_error("$1\r\nabc") == "a blob does not end with CRLF");
  CHECK(parse_error("=3\r\ntxt\r\n") == "a verbatim string has no format");
  CHECK(parse_error("*1\r\n>1\r\n+a\r\n") == "a push is inside another value");
}

TEST_CASE("redis reply parser: limits the size, the number of values and the depth of a reply", "[redis][parser]") {
  CHECK(parse_error("$1000000\r\n", {.max_bytes = 100}) == "the reply has more than 100 bytes");
  const std::string half = "$60\r\n" + std::string(60, 'x') + "\r\n";
  CHECK(parse_error("*2\r\n" + half + half, {.max_bytes = 100}) == "the reply has more than 100 bytes");
  CHECK(parse_error("*1000000000\r\n") == "the reply has more than 1000000 values");
  CHECK(parse_error("%5\r\n", {.max_values = 10}) == "the reply has more than 10 values");
  std::string nested;
  for (int i = 0; i < 32; ++i) nested += "*1\r\n";
  CHECK(parse(nested + ":1\r\n").has_value());
  CHECK(parse_error(nested + "*1\r\n:1\r\n") == "the reply has more than 32 levels");
  CHECK(parse_error("+" + std::string(65536, 'x')) == "a line has more than 65536 bytes");
}

TEST_CASE("redis reply parser: a reply does not depend on the segmentation of its bytes", "[redis][parser]") {
  const std::string input = "|1\r\n+a\r\n:1\r\n*3\r\n$3\r\na\r\n\r\n%1\r\n+k\r\n=5\r\ntxt:v\r\n,2.5\r\n+next\r\n";
  reply_parser parser;
  std::optional<std::string> failure;
  std::vector<reply> replies;
  for (const char byte : input) {
    CHECK(parser.parse({&byte, 1}, failure) == 1);
    if (auto value = parser.take()) replies.push_back(std::move(*value));
  }
  CHECK(!failure);
  REQUIRE(replies.size() == 2);
  CHECK(replies[0] == parse(input.substr(0, input.size() - 7)).value());
  CHECK(replies[1] == text_reply(kind::simple_string, "next"));
}

TEST_CASE("redis reply: reading a value as another type is an error", "[redis]") {
  CHECK(text_reply(kind::blob_string, "17").as_integer().value() == 17);
  CHECK(text_reply(kind::blob_string, "1.5").as_double().value() == 1.5);
  CHECK(number_reply(1).as_bool().value());
  CHECK(reply{}.as_optional_string().value() == std::nullopt);
  CHECK(log_text(number_reply(2).as_bool().error()) ==
        "the reply does not have the requested type: the reply is of the type number, not a boolean");
  for (const auto& outcome : {text_reply(kind::blob_string, "x").as_integer(), reply{}.as_integer()}) {
    CHECK(outcome.error().code == errc::type_mismatch);
  }
  CHECK(reply{.type = kind::array, .items = {number_reply(1)}}.as_strings().error().code == errc::type_mismatch);
}

TEST_CASE("redis command: arguments are binary-safe", "[redis]") {
  CHECK(encode_command("SET", std::string{"a\r\n\0", 4}, -5) ==
        std::string{"*3\r\n$3\r\nSET\r\n$4\r\na\r\n\0\r\n$2\r\n-5\r\n", 31});
}

}  // namespace
}  // namespace cohort::redis
