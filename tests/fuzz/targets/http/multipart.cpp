// SPDX-License-Identifier: BSL-1.0
// Fuzzes bodies of multipart/form-data. The events must not depend on the segmentation of the bytes, and the limits
// must hold.
#include <cohort/http/message/form/multipart_parser.hpp>
#include <string>

#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::multipart_target {
namespace {

using event = http::multipart_parser::event;

constexpr http::multipart_limits limits{
    .max_parts = 4, .max_header_bytes = 256, .max_field_bytes = 64, .max_file_bytes = 128, .max_total_bytes = 768};

struct parse_result {
  /// The parts with their content, without the content of a part that has an error.
  std::string parts;
  http::status error{};
  friend bool operator==(const parse_result&, const parse_result&) = default;
};

class collector {
 public:
  /// Returns false after the end and after an error.
  bool handle(event next) {
    switch (next) {
      case event::need_input: return true;
      case event::part: start_part(); return true;
      case event::data:
        content_ += parser.data();
        require(!parser.data().empty(), "data is not empty");
        require(content_.size() <= (parser.part().is_file() ? limits.max_file_bytes : limits.max_field_bytes),
                "the length of a part is limited");
        return true;
      case event::part_end: result.parts += content_ + "]"; return true;
      case event::end: return false;
      case event::error:
        require(!parser.error().reason.empty(), "an error has a reason");
        result.error = parser.error().code;
        return false;
    }
    return false;
  }

  http::multipart_parser parser{"b", limits};
  parse_result result;

 private:
  void start_part() {
    require(!parser.part().name.empty() && parser.part().name.size() <= 256, "a part has a name");
    content_.clear();
    result.parts += "[" + parser.part().name + "|" + parser.part().filename.value_or("") + "|";
    require(++count_ <= limits.max_parts, "the number of parts is limited");
  }

  std::string content_;
  std::size_t count_ = 0;
};

parse_result parse(const std::vector<std::string_view>& slices) {
  collector collector;
  for (auto slice : slices) {
    for (;;) {
      const auto next = collector.parser.next(slice);
      if (!collector.handle(next)) {
        std::string_view more = "more";
        require(collector.parser.next(more) == next && more.empty() && collector.parser.finish() == next,
                "the end and an error are terminal states");
        return collector.result;
      }
      if (next != event::need_input) continue;
      require(slice.empty(), "all input is consumed before more input is requested");
      break;
    }
  }
  collector.handle(collector.parser.finish());
  return collector.result;
}

void run(std::string_view input) {
  require(parse({input}) == parse(random_slices(input, hash(input))),
          "the events do not depend on the segmentation of the bytes");
  static_cast<void>(http::multipart_boundary(input));
}

const registration fuzz_registration{{"multipart", run}};

}  // namespace
}  // namespace cohort::fuzz::multipart_target
