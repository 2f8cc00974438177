// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/protobuf.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>

namespace cohort::telemetry {
namespace {

TEST_CASE("protobuf: a varint has seven bits in each byte", "[telemetry][otlp]") {
  const auto [value, bytes] = GENERATE(table<std::uint64_t, std::string>({
      {0, std::string{"\x08\0", 2}},
      {127, "\x08\x7f"},
      {128, "\x08\x80\x01"},
      {300, "\x08\xac\x02"},
      {std::numeric_limits<std::uint64_t>::max(), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
  }));
  std::string out;
  protobuf_writer{out}.write_varint_field(1, value);
  CHECK(out == bytes);
  protobuf_reader input{out};
  const auto field = input.next();
  REQUIRE(field);
  CHECK(field->number == value);
  CHECK_FALSE(input.next());
  CHECK_FALSE(input.is_malformed());
}

TEST_CASE("protobuf: the length prefix of a message is its size", "[telemetry][otlp]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{125}, std::size_t{126}, std::size_t{20'000});
  std::string out;
  protobuf_writer output{out};
  output.write_message_field(3, [&] { output.write_bytes_field(1, std::string(size, 'x')); });
  output.write_varint_field(4, 7);
  protobuf_reader input{out};
  const auto message = input.next();
  REQUIRE(message);
  CHECK(message->field == 3);
  protobuf_reader inner{message->bytes};
  const auto text = inner.next();
  REQUIRE(text);
  CHECK(text->bytes == std::string(size, 'x'));
  CHECK_FALSE(inner.next());
  CHECK(input.next()->number == 7);
}

TEST_CASE("protobuf: a string that is not valid UTF-8 is sent as ASCII", "[telemetry][otlp]") {
  const auto [text, sent] = GENERATE(table<std::string, std::string>({
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"caf\xe9", "caf?"},
      {"\xc3\xa9 \xff", "?? ?"},
  }));
  std::string out;
  protobuf_writer{out}.string_field(1, text);
  CHECK(out.substr(2) == sent);
}

TEST_CASE("protobuf: a malformed message is detected", "[telemetry][otlp]") {
  const std::string bytes = GENERATE(as<std::string>{}, "\x08", "\x08\x80", "\x0a\x05xx", "\x09xxxxxxx", "\x0dxxx",
                                     "\x0b", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  protobuf_reader input{bytes};
  CHECK_FALSE(input.next());
  CHECK(input.is_malformed());
}

}  // namespace
}  // namespace cohort::telemetry
