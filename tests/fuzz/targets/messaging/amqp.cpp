// SPDX-License-Identifier: BSL-1.0
// Fuzzes frames and message headers of a RabbitMQ server (AMQP 0-9-1): frame_parser and wire_reader.
#include <algorithm>
#include <string>
#include <vector>

#include <cohort/messaging/rabbitmq/protocol/method.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::amqp_target {
namespace {

using namespace messaging::rabbitmq;

constexpr std::size_t max_frame_size = 512;

struct received_frame {
  frame_type type;
  std::uint16_t channel;
  std::string payload;
  friend bool operator==(const received_frame&, const received_frame&) = default;
};

struct parse_result {
  std::vector<received_frame> frames;
  std::string error;
};

parse_result parse(const std::vector<std::string_view>& slices) {
  parse_result result;
  frame_parser parser{max_frame_size};
  for (const auto slice : slices) {
    parser.append(slice);
    while (const auto frame = parser.next()) {
      result.frames.push_back({frame->type, frame->channel, std::string{frame->payload}});
    }
  }
  result.error = parser.error();
  return result;
}

/// Checks that a table that is read, written and read again has the same entries.
void check_table(const field_table& fields) {
  for (const auto& [name, text] : fields) require(name.size() <= 255, "a name is a short string");
  std::string written;
  wire_writer{written}.table(fields);
  wire_reader reader{written};
  require(reader.table() == fields && !reader.failed() && reader.at_end(),
          "parsing a written table returns the same table");
}

void check_content(std::string_view payload) {
  content_header header;
  if (!parse_content_header(payload, header)) return;
  check_table(header.headers);
  messaging::message content;
  content.id = header.id;
  content.content_type = header.content_type;
  content.headers = header.headers;
  std::string written;
  append_content(written, 1, content, max_frame_size);
  frame_parser parser{written.size()};
  parser.append(written);
  const auto frame = parser.next();
  require(frame && frame->type == frame_type::header && !parser.next(), "a message without a body is one frame");
  content_header again;
  require(parse_content_header(frame->payload, again), "a header that is written is valid");
  require(again.id == header.id && again.content_type == header.content_type && again.headers == header.headers,
          "parsing a written header returns the same header");
}

/// Reads a value of every type; after a failure, all values are empty.
void check_reader(std::string_view input) {
  wire_reader reader{input};
  const auto fields = reader.table();
  if (!reader.failed()) check_table(fields);
  while (!reader.failed() && !reader.at_end()) {
    reader.short_string();
    reader.octet();
    reader.long_string();
    reader.short_uint();
    reader.long_long_uint();
  }
  if (!reader.failed()) return;
  require(reader.octet() == 0 && reader.long_long_uint() == 0, "after an error, the reader returns zeros");
  require(reader.short_string().empty() && reader.long_string().empty() && reader.table().empty(),
          "after an error, the reader returns empty strings");
  require(reader.at_end(), "after an error, the reader is at the end of its input");
}

void run(std::string_view input) {
  const auto unsliced_result = parse({input});
  const auto sliced_result = parse(random_slices(input, hash(input)));
  require(unsliced_result.frames == sliced_result.frames && unsliced_result.error == sliced_result.error,
          "frames and errors do not depend on the segmentation of the bytes");
  std::string written;
  for (const auto& each : unsliced_result.frames) {
    require(each.payload.size() + frame_overhead <= max_frame_size, "the size of a frame is limited");
    const frame_scope frame{written, each.type, each.channel};
    written += each.payload;
  }
  require(input.starts_with(written), "frames that are written are the bytes that were received");
  for (const auto& each : unsliced_result.frames) {
    if (each.type == frame_type::header) check_content(each.payload);
    check_reader(std::string_view{each.payload}.substr(std::min<std::size_t>(4, each.payload.size())));
  }
  check_content(input);
  check_reader(input);
}

const registration fuzz_registration{{.name = "amqp", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::amqp_target
