// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/protocol/frame.hpp>

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace cohort::messaging::rabbitmq {
namespace {

using namespace std::string_view_literals;

// Found by the fuzz target amqp.
TEST_CASE("AMQP frames: a version mismatch is detected for any segmentation", "[messaging][rabbitmq]") {
  constexpr auto reply = "AMQP\0\0\x09\x01"sv;
  for (std::size_t first = 1; first < reply.size(); ++first) {
    CAPTURE(first);
    frame_parser parser{1024};
    parser.append(reply.substr(0, first));
    CHECK_FALSE(parser.next().has_value());
    CHECK(parser.error().empty() == (first < 4));
    parser.append(reply.substr(first));
    CHECK_FALSE(parser.next().has_value());
    CHECK(parser.error() == "unsupported protocol version: the server does not accept AMQP 0-9-1");
  }
}

TEST_CASE("AMQP frames: an unknown type is an error at its first byte", "[messaging][rabbitmq]") {
  frame_parser parser{1024};
  parser.append("B");
  CHECK_FALSE(parser.next().has_value());
  CHECK(parser.error() == "a frame has the unknown type 66");
}

TEST_CASE("AMQP frames: a frame larger than negotiated is an error before it is received",
          "[messaging][rabbitmq][security]") {
  frame_parser parser{1024};
  // 1017 bytes of payload and 8 of overhead.
  parser.append("\x03\0\x01\0\0\x03\xF9"sv);
  CHECK_FALSE(parser.next().has_value());
  CHECK(parser.error() == "a frame has 1017 bytes, more than negotiated");
  frame_parser exact{1024};
  exact.append("\x03\0\x01\0\0\x03\xF8"sv);
  exact.append(std::string(1016, 'x') + '\xCE');
  CHECK(exact.next().has_value());
}

}  // namespace
}  // namespace cohort::messaging::rabbitmq
