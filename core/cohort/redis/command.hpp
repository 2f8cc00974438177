// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace cohort::redis {

/// The bytes of a command: an array of blob strings. Arguments are binary-safe and cannot terminate the command.
class command_writer {
 public:
  explicit command_writer(std::size_t arguments) { add_length('*', arguments); }

  void add(std::string_view argument) {
    add_length('$', argument.size());
    bytes_ += argument;
    bytes_ += "\r\n";
  }
  template <class T>
    requires((std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::floating_point<T>)
  void add(T number) {
    std::array<char, 64> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    add(std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
  }
  std::string take() { return std::move(bytes_); }

 private:
  void add_length(char type, std::size_t length) {
    bytes_ += type;
    bytes_ += std::to_string(length);
    bytes_ += "\r\n";
  }

  std::string bytes_;
};

template <class... Arguments>
std::string encode_command(const Arguments&... arguments) {
  command_writer writer{sizeof...(Arguments)};
  (writer.add(arguments), ...);
  return writer.take();
}

}  // namespace cohort::redis
