// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::http {

/// The values that a path parameter accepts.
enum class parameter_type : std::uint8_t {
  /// `{name:uuid}`: 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
  uuid,
  /// `{name:uint}`: a decimal integer from 0 to 2^64 - 1, without a sign.
  uint,
  /// `{name:int}`: a decimal integer from -2^63 to 2^63 - 1.
  integer,
  /// `{name}`: any non-empty segment.
  text,
};

/// Whether a decoded path segment is a value of this type.
bool is_parameter_value(parameter_type type, std::string_view segment) noexcept;

/// A segment of a path pattern.
struct pattern_segment {
  enum class kind : std::uint8_t { literal, parameter, rest };
  kind segment_kind = kind::literal;
  parameter_type type = parameter_type::text;
  /// The text of a literal segment, otherwise the name of the parameter.
  std::string text;
};

/// A path pattern, such as `/things/{id:int}/files/{path...}`.
class route_pattern {
 public:
  /// A pattern starts with `/`. A segment is literal text (not percent-encoded), `{name}`, or `{name:TYPE}` with one of
  /// the types of `parameter_type`. The last segment may be `{name...}`, which matches the rest of the path, including
  /// an empty rest. Throws `std::invalid_argument` with a message that describes the error for any other string.
  explicit route_pattern(std::string text);

  const std::string& text() const noexcept { return text_; }
  const std::vector<pattern_segment>& segments() const noexcept { return segments_; }
  /// Whether the pattern has no parameters.
  bool is_literal() const noexcept { return parameter_names_.empty(); }
  /// The names of the parameters, in their order.
  const std::vector<std::string>& parameter_names() const noexcept { return parameter_names_; }

 private:
  void add_segment(std::string_view segment, bool is_last);
  void add_parameter(std::string_view declaration, bool is_last);

  std::string text_;
  std::vector<pattern_segment> segments_;
  std::vector<std::string> parameter_names_;
};

}  // namespace cohort::http
