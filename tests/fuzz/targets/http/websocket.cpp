// SPDX-License-Identifier: BSL-1.0
// Fuzzes WebSocket frames, and the offers of permessage-deflate.
#include <array>
#include <string>
#include <vector>

#include <cohort/http/websocket/frame.hpp>
#include <cohort/http/websocket/message_decoder.hpp>
#include <cohort/http/websocket/permessage_deflate.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::websocket_target {
namespace {

using http::message_decoder;
using event = message_decoder::event;

constexpr std::size_t max_message_bytes = 2048;

struct record {
  event kind;
  std::uint16_t code = 0;
  std::string text{};
  friend bool operator==(const record&, const record&) = default;
};

void check(const record& found) {
  require(found.kind != event::message || found.text.size() <= max_message_bytes, "the size of a message is limited");
  require((found.kind != event::ping && found.kind != event::pong) || found.text.size() <= 125,
          "the size of a control frame is limited");
  if (found.kind == event::close) {
    require(found.code == http::close_code::no_status || http::is_sendable_close_code(found.code),
            "a close code is valid");
    require(http::is_valid_utf8(found.text), "a close reason is UTF-8");
  }
  if (found.kind == event::failure) {
    require(found.code == http::close_code::protocol_error || found.code == http::close_code::invalid_data ||
                found.code == http::close_code::message_too_big || found.code == http::close_code::policy_violation,
            "a failure has a close code");
  }
}

std::vector<record> decode(const std::vector<std::string_view>& slices, message_decoder::settings settings) {
  message_decoder decoder{settings};
  std::vector<record> records;
  std::string pending;
  for (const auto slice : slices) {
    pending += slice;
    std::string_view rest = pending;
    for (auto found = decoder.next(rest); found != event::none; found = decoder.next(rest)) {
      const bool is_message = found == event::message;
      const bool has_code = found == event::close || found == event::failure;
      if (is_message && decoder.message().type == http::websocket_message::kind::text)
        require(http::is_valid_utf8(decoder.message().data), "a text message is UTF-8");
      records.push_back({found, has_code ? decoder.close_code() : std::uint16_t{0},
                         is_message ? decoder.message().data : decoder.payload()});
      check(records.back());
      if (has_code) return records;
    }
    require(rest.size() < 14, "only an incomplete frame header remains in the input");
    pending.erase(0, pending.size() - rest.size());
  }
  return records;
}

/// Sends the input as a message in two frames, and receives it.
void check_frames(std::string_view input, http::websocket_role sender) {
  std::string written;
  const std::array parts{input.substr(0, input.size() / 4), input.substr(input.size() / 4)};
  for (const bool is_final : {false, true}) {
    const auto part = parts[is_final ? 1 : 0];
    http::frame_header header{is_final ? http::websocket_opcode::continuation : http::websocket_opcode::binary,
                              is_final};
    if (sender == http::websocket_role::client) header.mask = {'m', 'a', 's', 'k'};
    header.payload_length = part.size();
    http::append_frame_header(written, header);
    const auto payload = written.size();
    written += part;
    if (header.mask) http::apply_mask(written.data() + payload, part.size(), *header.mask, 0);
  }
  message_decoder decoder{{sender, input.size(), false}};
  std::string_view rest = written;
  require(decoder.next(rest) == event::message && decoder.message().data == input && rest.empty(),
          "receiving a message in frames returns the same message");
}

void run(std::string_view input) {
  if (input.empty()) return;
  const auto flags = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const auto sender = (flags & 1U) != 0 ? http::websocket_role::server : http::websocket_role::client;
  const message_decoder::settings settings{sender, max_message_bytes, (flags & 2U) != 0};
  check_frames(input, sender);
  const auto unsliced_result = decode({input}, settings);
  require(decode(random_slices(input, hash(input)), settings) == unsliced_result,
          "the result does not depend on the segmentation of the bytes");

  bool is_too_large = false;
  const auto inflated_message = http::inflate_message(input, max_message_bytes, is_too_large);
  require(!inflated_message || inflated_message->size() <= max_message_bytes,
          "the size of decompressed data is limited");
  require(http::inflate_message(http::deflate_message(input), input.size(), is_too_large) == input,
          "decompression reverses compression");
  if (const auto answer = http::accept_deflate_offer(input))
    require(http::accept_deflate_offer(*answer) == answer, "an accepted extension is a valid offer");
  static_cast<void>(http::is_valid_deflate_response(input));
}

const registration fuzz_registration{{"websocket", run}};

}  // namespace
}  // namespace cohort::fuzz::websocket_target
