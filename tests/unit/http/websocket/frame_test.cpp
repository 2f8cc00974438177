// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/websocket/message_decoder.hpp>
#include <cohort/http/websocket/permessage_deflate.hpp>
#include "tests/unit/http/message/body/gzip_compression.hpp"
#include "tests/unit/http/websocket/websocket_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::message_decoder;
using event = message_decoder::event;

message_decoder make_decoder(std::size_t max_bytes = 1000, bool has_compression = false) {
  return message_decoder{{http::websocket_role::client, max_bytes, has_compression}};
}

struct decode_result {
  event last;
  std::uint16_t code;
  std::string text;
};

/// Returns the first event other than `none` of a decoder that receives the bytes in segments of this size.
decode_result decode(message_decoder decoder, std::string_view bytes, std::size_t slice = 1) {
  std::string pending;
  for (std::size_t i = 0; i < bytes.size(); i += slice) {
    pending += bytes.substr(i, slice);
    std::string_view remaining_bytes = pending;
    const auto found = decoder.next(remaining_bytes);
    pending.erase(0, pending.size() - remaining_bytes.size());
    if (found == event::message) return {found, 0, decoder.message().data};
    if (found != event::none) return {found, decoder.close_code(), decoder.payload()};
  }
  return {event::none, 0, {}};
}

TEST_CASE("websocket frames: headers of all lengths are written and parsed", "[http][websocket]") {
  const auto length = GENERATE(0ULL, 1ULL, 125ULL, 126ULL, 0xFFFFULL, 0x10000ULL, 0x7FFFFFFFFFFFFFFFULL);
  const bool is_masked = GENERATE(false, true);
  http::frame_header header{websocket_opcode::binary, false, true, {}, length};
  if (is_masked) header.mask = {'a', 'b', 'c', 'd'};
  std::string bytes;
  http::append_frame_header(bytes, header);
  const auto role = is_masked ? http::websocket_role::client : http::websocket_role::server;
  const auto parsed = http::parse_frame_header(bytes, role);
  CHECK(parsed.size == bytes.size());
  CHECK(parsed.error == nullptr);
  CHECK(parsed.header.payload_length == length);
  CHECK(parsed.header.mask == header.mask);
  CHECK_FALSE(parsed.header.is_final);
  CHECK(parsed.header.is_compressed);
  CHECK(http::parse_frame_header(bytes.substr(0, bytes.size() - 1), role).size == 0);
}

TEST_CASE("websocket frames: a frame that violates RFC 6455 is a protocol error", "[http][websocket]") {
  struct row {
    const char* what;
    std::string bytes;
  };
  const auto violation = GENERATE(values<row>({
      {"RSV2", std::string("\xA1\x80\0\0\0\0", 6)},
      {"RSV3", std::string("\x91\x80\0\0\0\0", 6)},
      {"RSV1 without compression", std::string("\xC1\x80\0\0\0\0", 6)},
      {"reserved data opcode", std::string("\x83\x80\0\0\0\0", 6)},
      {"reserved control opcode", std::string("\x8B\x80\0\0\0\0", 6)},
      {"fragmented ping", std::string("\x09\x80\0\0\0\0", 6)},
      {"long ping", std::string("\x89\xFE\0\x80\0\0\0\0", 8)},
      {"no mask", std::string("\x81\x00", 2)},
      {"16-bit length of 125", std::string("\x81\xFE\0\x7D\0\0\0\0", 8)},
      {"64-bit length of 65535", std::string("\x81\xFF\0\0\0\0\0\0\xFF\xFF\0\0\0\0", 14)},
      {"length above 2^63", std::string("\x81\xFF\x80\0\0\0\0\0\0\0\0\0\0\0", 14)},
      {"continuation without a message", masked({websocket_opcode::continuation, "x"})},
      {"new message within a message", masked({websocket_opcode::text, "a", false}) + masked_text("b")},
      {"close with one byte", masked({websocket_opcode::close, "x"})},
      {"close code 1005", masked({websocket_opcode::close, close_payload(1005)})},
      {"close code 999", masked({websocket_opcode::close, close_payload(999)})},
      {"close code 2999", masked({websocket_opcode::close, close_payload(2999)})},
      {"close code 5000", masked({websocket_opcode::close, close_payload(5000)})},
  }));
  INFO(violation.what);
  for (const std::size_t slice : {1, 3, 100}) {
    const auto result = decode(make_decoder(), violation.bytes, slice);
    CHECK(result.last == event::failure);
    CHECK(result.code == close_code::protocol_error);
    CHECK_FALSE(result.text.empty());
  }
}

TEST_CASE("websocket frames: fragments form a message, with control frames between them", "[http][websocket]") {
  auto decoder = make_decoder();
  const auto bytes = masked({websocket_opcode::text, "one ", false}) + masked({websocket_opcode::ping, "p"}) +
                     masked({websocket_opcode::continuation, "two ", false}) +
                     masked({websocket_opcode::continuation, "three"}) + masked({websocket_opcode::binary, "\xFF"});
  std::string_view remaining_bytes = bytes;
  CHECK(decoder.next(remaining_bytes) == event::ping);
  CHECK(decoder.payload() == "p");
  CHECK(decoder.next(remaining_bytes) == event::message);
  CHECK(decoder.message().data == "one two three");
  CHECK(decoder.next(remaining_bytes) == event::message);
  CHECK(decoder.message().type == http::websocket_message::kind::binary);
  CHECK(decoder.next(remaining_bytes) == event::none);
  CHECK(remaining_bytes.empty());
}

TEST_CASE("websocket frames: the limit applies to the total size of the fragments, and is exact", "[http][websocket]") {
  CHECK(decode(make_decoder(4), masked_text("four")).text == "four");
  CHECK(decode(make_decoder(4), masked_text("fives")).code == close_code::message_too_big);
  const auto fragment_frames =
      masked({websocket_opcode::text, "abc", false}) + masked({websocket_opcode::continuation, "de", true});
  CHECK(decode(make_decoder(5), fragment_frames).text == "abcde");
  CHECK(decode(make_decoder(4), fragment_frames).code == close_code::message_too_big);
  // The length is rejected before the payload arrives.
  CHECK(decode(make_decoder(4), std::string("\x81\xFF\0\0\0\x7F\0\0\0\0\0\0\0\0", 14)).code ==
        close_code::message_too_big);
}

TEST_CASE("websocket frames: text messages and close reasons must be valid UTF-8", "[http][websocket]") {
  const std::string valid_text = "\xE2\x82\xAC \xF0\x9F\x98\x80 \xC3\xA9";
  CHECK(decode(make_decoder(), masked_text(valid_text)).text == valid_text);
  const std::string invalid_value =
      GENERATE("\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF");
  CHECK(decode(make_decoder(), masked_text("a" + invalid_value)).code == close_code::invalid_data);
  CHECK(decode(make_decoder(), masked({websocket_opcode::close, close_payload(1000, invalid_value)})).code ==
        close_code::invalid_data);
  CHECK(decode(make_decoder(), masked({websocket_opcode::binary, invalid_value})).last == event::message);
  // A character may be divided between fragments.
  const auto frames_with_divided_character =
      masked({websocket_opcode::text, "\xE2\x82", false}) + masked({websocket_opcode::continuation, "\xAC", true});
  CHECK(decode(make_decoder(), frames_with_divided_character).text == "\xE2\x82\xAC");
}

TEST_CASE("websocket frames: close frames have a code and a reason", "[http][websocket]") {
  const auto close_with_reason = decode(make_decoder(), masked({websocket_opcode::close, close_payload(4000, "bye")}));
  CHECK(close_with_reason.last == event::close);
  CHECK(close_with_reason.code == 4000);
  CHECK(close_with_reason.text == "bye");
  CHECK(decode(make_decoder(), masked({websocket_opcode::close, ""})).code == close_code::no_status);
}

TEST_CASE("permessage-deflate: a decompressed message equals the original, and its size is limited",
          "[http][websocket]") {
  const std::string text(100'000, 'x');
  const auto payload = http::deflate_message(text);
  CHECK(payload.size() < 1000);
  bool is_too_large = false;
  CHECK(http::inflate_message(payload, text.size(), is_too_large) == text);
  CHECK_FALSE(http::inflate_message(payload, text.size() - 1, is_too_large));
  CHECK(is_too_large);
  // Each message is compressed independently.
  CHECK(http::deflate_message(text) == payload);
  CHECK(http::inflate_message(http::deflate_message(""), 10, is_too_large) == "");
  CHECK_FALSE(http::inflate_message("\xFF\xFF garbage", 1000, is_too_large));
  CHECK_FALSE(is_too_large);
  // A final block is allowed.
  CHECK(http::inflate_message(compress("final", -15), 1000, is_too_large) == "final");

  const auto frame_bytes = masked({websocket_opcode::text, payload, true, true});
  CHECK(decode(make_decoder(200'000, true), frame_bytes, 10).text == text);
  CHECK(decode(make_decoder(99'999, true), frame_bytes, 10).code == close_code::message_too_big);
  CHECK(decode(make_decoder(1000, true), masked({websocket_opcode::text, "\xFF\xFF", true, true})).code ==
        close_code::invalid_data);
  CHECK(decode(make_decoder(1000, true), masked({websocket_opcode::ping, "", true, true})).code ==
        close_code::protocol_error);
}

TEST_CASE("permessage-deflate: offers are accepted without context takeover", "[http][websocket]") {
  const std::string accepted_extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  CHECK(http::accept_deflate_offer("permessage-deflate") == accepted_extension);
  CHECK(http::accept_deflate_offer("permessage-deflate; client_max_window_bits") == accepted_extension);
  CHECK(http::accept_deflate_offer("x-other, permessage-deflate; client_max_window_bits=10") == accepted_extension);
  CHECK(http::accept_deflate_offer("permessage-deflate; server_max_window_bits=15") ==
        accepted_extension + "; server_max_window_bits=15");
  CHECK(http::accept_deflate_offer("permessage-deflate; server_max_window_bits=10, permessage-deflate") ==
        accepted_extension);
  for (const auto* rejected :
       {"", "x-other", "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover", "permessage-deflate;",
        "permessage-deflate; client_max_window_bits ; ", "permessage-deflate;; client_max_window_bits"}) {
    INFO(rejected);
    CHECK_FALSE(http::accept_deflate_offer(rejected));
  }
  CHECK(http::is_valid_deflate_response(accepted_extension));
  CHECK_FALSE(http::is_valid_deflate_response("permessage-deflate"));
  CHECK_FALSE(http::is_valid_deflate_response(accepted_extension + "; client_max_window_bits=10"));
  CHECK_FALSE(http::is_valid_deflate_response("x-other; server_no_context_takeover"));
}

}  // namespace
}  // namespace cohort
