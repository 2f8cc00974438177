// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/http_message.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace cohort::test {
namespace {

[[noreturn]] void throw_malformed(const std::string& reason, std::string_view text) {
  throw std::runtime_error("malformed HTTP: " + reason + " in \"" + std::string{text} + "\"");
}

// ASCII only, independent of the locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool iequals(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::uint64_t number(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) {
    throw_malformed("invalid length", digits);
  }
  return value;
}

std::optional<std::string> take_line(std::string& input) {
  const auto end = input.find("\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = input.substr(0, end);
  input.erase(0, end + 2);
  return line;
}

std::pair<std::string, std::string> parse_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || line.find_first_of(" \t") < colon) {
    throw_malformed("invalid header field", line);
  }
  return {std::string{line.substr(0, colon)}, std::string{trim(line.substr(colon + 1))}};
}

}  // namespace

std::optional<std::string> find_header(const header_list& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (iequals(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<message_head> extract_head(std::string& input) {
  const auto end = input.find("\r\n\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  message_head head;
  head.raw = input.substr(0, end + 4);
  input.erase(0, end + 4);
  if (head.raw.find_first_of(std::string_view{"\0", 1}) != std::string::npos) {
    throw_malformed("NUL character", head.raw);
  }
  std::string lines = head.raw.substr(0, end + 2);
  head.start_line = take_line(lines).value_or("");
  while (auto line = take_line(lines)) {
    if (line->find_first_of("\r\n") != std::string::npos) {
      throw_malformed("bare CR or LF", *line);
    }
    head.headers.push_back(parse_header(*line));
  }
  return head;
}

body_decoder::body_decoder(const header_list& headers, unframed_body unframed_body_kind) {
  std::optional<std::string> length;
  bool is_chunked = false;
  for (const auto& [name, value] : headers) {
    if (iequals(name, "Transfer-Encoding")) {
      if (is_chunked || !iequals(value, "chunked")) {
        throw_malformed("unsupported transfer coding", value);
      }
      is_chunked = true;
    } else if (iequals(name, "Content-Length")) {
      if (length) {
        throw_malformed("repeated Content-Length", value);
      }
      length = value;
    }
  }
  if (is_chunked && length) {
    throw_malformed("both Content-Length and Transfer-Encoding", *length);
  }
  if (is_chunked) {
    state_ = state::chunk_size;
  } else if (length) {
    remaining_ = number(*length, 10);
    state_ = remaining_ == 0 ? state::finished : state::counted;
  } else if (unframed_body_kind == unframed_body::until_close) {
    state_ = state::until_close;
  }
}

void body_decoder::consume(std::string& input, std::string& output) {
  while (!finished() && step(input, output)) {
  }
}

// Decodes one element of the framing; returns false if more input is needed.
bool body_decoder::step(std::string& input, std::string& output) {
  switch (state_) {
    case state::finished: return false;
    case state::until_close: output += std::exchange(input, {}); return false;
    case state::counted: return take_counted_bytes(input, output, state::finished);
    case state::chunk_data: return take_counted_bytes(input, output, state::chunk_end);
    case state::chunk_size:
      if (const auto line = take_line(input)) {
        remaining_ = number(trim(std::string_view{*line}.substr(0, line->find(';'))), 16);
        state_ = remaining_ == 0 ? state::trailers : state::chunk_data;
        return true;
      }
      return false;
    case state::chunk_end:
      if (input.size() < 2) {
        return false;
      }
      if (!input.starts_with("\r\n")) {
        throw_malformed("chunk longer than its size", input.substr(0, 2));
      }
      input.erase(0, 2);
      state_ = state::chunk_size;
      return true;
    case state::trailers:
      if (const auto line = take_line(input)) {
        if (line->empty()) {
          state_ = state::finished;
        }
        return true;
      }
      return false;
  }
  return false;
}

bool body_decoder::take_counted_bytes(std::string& input, std::string& output, state next) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
  output.append(input, 0, size);
  input.erase(0, size);
  remaining_ -= size;
  if (remaining_ != 0) {
    return false;
  }
  state_ = next;
  return true;
}

void body_decoder::end_of_input() {
  if (state_ == state::counted) {
    throw std::runtime_error("connection closed " + std::to_string(remaining_) + " bytes before the end of the body");
  }
  if (!finished() && state_ != state::until_close) {
    throw std::runtime_error("connection closed before the last chunk of the body");
  }
  state_ = state::finished;
}

}  // namespace cohort::test
