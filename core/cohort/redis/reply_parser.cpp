// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/reply_parser.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace cohort::redis {
namespace {

using kind = reply::kind;

/// Maximum length of a simple string or an error; Redis sends longer values as blobs.
constexpr std::size_t max_line = 64 * 1024;

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "inf") return infinity;
  if (text == "-inf") return -infinity;
  // `-nan` is accepted, because the sign of NaN depends on the server's machine.
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  if (text.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return std::nullopt;
  return parse_number<double>(text);
}

bool is_big_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<reply> parse_scalar(char type, std::string_view text) {
  switch (type) {
    case '+': return reply{.type = kind::simple_string, .text = std::string{text}};
    case '-': return reply{.type = kind::error, .text = std::string{text}};
    case ':':
      if (const auto number = parse_number<std::int64_t>(text)) return reply{.type = kind::number, .number = *number};
      break;
    case ',':
      if (const auto number = parse_double(text)) return reply{.type = kind::real, .real = *number};
      break;
    case '(':
      if (is_big_number(text)) return reply{.type = kind::big_number, .text = std::string{text}};
      break;
    case '#':
      if (text == "t" || text == "f") return reply{.type = kind::boolean, .number = text == "t"};
      break;
    case '_':
      if (text.empty()) return reply{};
      break;
    default: break;
  }
  return std::nullopt;
}

kind blob_kind(char type) noexcept {
  return type == '$' ? kind::blob_string : type == '!' ? kind::error : kind::verbatim_string;
}

kind aggregate_kind(char type) noexcept {
  switch (type) {
    case '*': return kind::array;
    case '~': return kind::set;
    case '>': return kind::push;
    default: return kind::map;
  }
}

std::string quote(char type) {
  const auto code = static_cast<unsigned char>(type);
  if (code >= 0x20 && code < 0x7f) return std::string{"'"} + type + "'";
  return "byte " + std::to_string(code);
}

}  // namespace

std::size_t reply_parser::parse(std::string_view input, std::optional<std::string>& failure) {
  std::size_t used_bytes = 0;
  while (!completed_reply_ && !failure && used_bytes < input.size()) {
    const auto remaining = input.substr(used_bytes);
    const auto count = blob_ ? parse_blob(remaining, failure) : parse_line(remaining, failure);
    used_bytes += count;
    bytes_ += count;
    if (bytes_ > limits_.max_bytes) failure = "the reply has more than " + std::to_string(limits_.max_bytes) + " bytes";
  }
  return used_bytes;
}

std::optional<reply> reply_parser::take() {
  if (completed_reply_) bytes_ = value_count_ = 0;
  return std::exchange(completed_reply_, std::nullopt);
}

std::size_t reply_parser::parse_line(std::string_view input, parse_failure& failure) {
  const auto end = input.find('\n');
  const auto count = end == std::string_view::npos ? input.size() : end + 1;
  if (line_.size() + count > max_line) {
    failure = "a line has more than " + std::to_string(max_line) + " bytes";
    return count;
  }
  line_ += input.substr(0, count);
  // The type is checked immediately, so that an HTTP server, for example, is recognized before it sends a line feed.
  if (std::string_view{"+-:,(#_$!=*~%>|"}.find(line_.front()) == std::string_view::npos) {
    failure = "unknown reply type " + quote(line_.front());
    return count;
  }
  if (end != std::string_view::npos) failure = end_line();
  return count;
}

reply_parser::parse_failure reply_parser::end_line() {
  const auto line = std::exchange(line_, {});
  std::string_view text{line};
  text.remove_suffix(1);
  if (!text.ends_with('\r')) return "a line does not end with CRLF";
  text.remove_suffix(1);
  if (text.find('\r') != std::string_view::npos) return "a line contains CR";
  if (++value_count_ > limits_.max_values) {
    return "the reply has more than " + std::to_string(limits_.max_values) + " values";
  }
  const char type = text.front();
  text.remove_prefix(1);
  if (type == '$' || type == '!' || type == '=') return begin_blob(type, text);
  if (type == '*' || type == '~' || type == '%' || type == '>' || type == '|') return begin_aggregate(type, text);
  auto value = parse_scalar(type, text);
  if (!value) return "the value after " + quote(type) + " is invalid";
  end_value(std::move(*value));
  return std::nullopt;
}

reply_parser::parse_failure reply_parser::begin_blob(char type, std::string_view length) {
  if (type == '$' && length == "-1") {
    end_value(reply{});
    return std::nullopt;
  }
  const auto size = parse_number<std::size_t>(length);
  if (!size) return "the length after " + quote(type) + " is invalid";
  if (*size > limits_.max_bytes) return "the reply has more than " + std::to_string(limits_.max_bytes) + " bytes";
  blob_ = reply{.type = blob_kind(type)};
  remaining_blob_bytes_ = *size + 2;
  return std::nullopt;
}

std::size_t reply_parser::parse_blob(std::string_view input, parse_failure& failure) {
  const auto count = std::min(input.size(), remaining_blob_bytes_);
  blob_->text += input.substr(0, count);
  remaining_blob_bytes_ -= count;
  if (remaining_blob_bytes_ == 0) failure = end_blob();
  return count;
}

reply_parser::parse_failure reply_parser::end_blob() {
  auto value = std::move(*blob_);
  blob_.reset();
  if (!value.text.ends_with("\r\n")) return "a blob does not end with CRLF";
  value.text.resize(value.text.size() - 2);
  if (value.type == kind::verbatim_string) {
    if (value.text.size() < 4 || value.text[3] != ':') return "a verbatim string has no format";
    value.text.erase(0, 4);
  }
  end_value(std::move(value));
  return std::nullopt;
}

reply_parser::parse_failure reply_parser::begin_aggregate(char type, std::string_view length) {
  if (type == '*' && length == "-1") {
    end_value(reply{});
    return std::nullopt;
  }
  const auto size = parse_number<std::size_t>(length);
  if (!size) return "the length after " + quote(type) + " is invalid";
  const bool has_pairs = type == '%' || type == '|';
  if (*size > (limits_.max_values - value_count_) / (has_pairs ? 2 : 1)) {
    return "the reply has more than " + std::to_string(limits_.max_values) + " values";
  }
  if (frames_.size() >= limits_.max_depth) {
    return "the reply has more than " + std::to_string(limits_.max_depth) + " levels";
  }
  if (type == '>' && !frames_.empty()) return "a push is inside another value";
  const bool is_attribute = type == '|';
  reply value{.type = aggregate_kind(type)};
  if (*size > 0) {
    frames_.push_back({std::move(value), *size * (has_pairs ? 2 : 1), is_attribute});
  } else if (!is_attribute) {
    end_value(std::move(value));
  }
  return std::nullopt;
}

void reply_parser::end_value(reply value) {
  while (!frames_.empty()) {
    auto& last = frames_.back();
    last.value.items.push_back(std::move(value));
    if (--last.remaining_values > 0) return;
    const bool is_attribute = last.is_attribute;
    value = std::move(last.value);
    frames_.pop_back();
    // The value of the attribute follows.
    if (is_attribute) return;
  }
  completed_reply_ = std::move(value);
}

}  // namespace cohort::redis
