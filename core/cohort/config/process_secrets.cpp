// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/process_secrets.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <utility>

#include <cohort/config/redaction.hpp>

namespace cohort::config {
namespace {

/// The addresses of the arguments and of the environment, which the kernel stores as consecutive strings.
struct process_memory {
  std::uintptr_t arguments_begin = 0;
  std::uintptr_t arguments_end = 0;
  std::uintptr_t environment_begin = 0;
  std::uintptr_t environment_end = 0;
};

/// Returns zeros if `/proc/self/stat` cannot be read. Source: proc_pid_stat(5), fields 48 to 51.
process_memory find_process_memory() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The second field is the name of the program in parentheses, which can contain spaces and parentheses.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int number = 3; number < 48; ++number) fields >> field;
  process_memory memory;
  fields >> memory.arguments_begin >> memory.arguments_end >> memory.environment_begin >> memory.environment_end;
  return fields ? memory : process_memory{};
}

/// Calls `visit` with each NUL-terminated string between the addresses `begin` and `end`.
void for_each_string(std::uintptr_t begin, std::uintptr_t end, const std::function<void(char*, std::size_t)>& visit) {
  auto* position = reinterpret_cast<char*>(begin);
  auto* const limit = reinterpret_cast<char*>(end);
  while (position < limit) {
    const auto length = ::strnlen(position, static_cast<std::size_t>(limit - position));
    visit(position, length);
    position += length + 1;
  }
}

/// Overwrites the user information of a URL. Other strings with an `@`, such as an email address, are unchanged.
void erase_userinfo(char* text, std::size_t length) {
  const std::string_view original_text{text, length};
  if (original_text.find("://") == std::string_view::npos) return;
  const auto redacted_text = redact_userinfo(original_text);
  if (redacted_text == original_text) return;
  const auto begin =
      std::mismatch(original_text.begin(), original_text.end(), redacted_text.begin(), redacted_text.end()).first;
  const auto end =
      std::mismatch(original_text.rbegin(), original_text.rend(), redacted_text.rbegin(), redacted_text.rend())
          .first.base();
  if (begin < end) std::fill(text + (begin - original_text.begin()), text + (end - original_text.begin()), '*');
}

/// Returns the position of the value in the argument `--flag=value` or `-fvalue`; 0 if the argument contains no value
/// of `flag`.
std::size_t find_value_position(std::string_view argument, std::string_view flag) {
  if (argument.size() <= flag.size() || !argument.starts_with(flag)) return 0;
  const bool is_short = flag.size() == 2;
  return is_short ? flag.size() : argument[flag.size()] == '=' ? flag.size() + 1 : 0;
}

void erase_arguments(const process_memory& memory, const std::vector<std::string>& flags) {
  bool is_value = false;
  for_each_string(memory.arguments_begin, memory.arguments_end, [&](char* text, std::size_t length) {
    const std::string argument{text, length};
    if (std::exchange(is_value, false)) {
      std::fill(text, text + length, '*');
      return;
    }
    is_value = std::find(flags.begin(), flags.end(), argument) != flags.end();
    for (const auto& flag : flags) {
      if (const auto value = find_value_position(argument, flag); value > 0)
        std::fill(text + value, text + length, '*');
    }
    erase_userinfo(text, length);
  });
}

void erase_variables(const process_memory& memory, const std::vector<std::string>& names) {
  for_each_string(memory.environment_begin, memory.environment_end, [&](char* text, std::size_t length) {
    const std::string_view entry{text, length};
    const auto equals = std::min(entry.find('='), length);
    const auto value = std::min(equals + 1, length);
    if (std::find(names.begin(), names.end(), entry.substr(0, equals)) != names.end()) {
      std::fill(text + value, text + length, '\0');
    } else {
      erase_userinfo(text + value, length - value);
    }
  });
}

}  // namespace

void erase_process_secrets(const secret_names& names) {
  const auto memory = find_process_memory();
  erase_arguments(memory, names.flags);
  erase_variables(memory, names.variables);
}

}  // namespace cohort::config
