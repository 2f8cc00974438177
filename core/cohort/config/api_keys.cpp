// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/api_keys.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include <cohort/config/small_file.hpp>

namespace cohort::config {
namespace {

/// Maximum size of a key file, in bytes, which is sufficient for `max_api_keys` lines with comments. Without a limit, a
/// read of `/dev/zero` would never finish.
constexpr std::size_t max_file_size = std::size_t{1} << 20U;
constexpr std::size_t max_name_length = 64;

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// Splits `name: key`. The name is empty if the line has none; the key is empty for `name:`.
std::pair<std::string_view, std::string_view> split(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {{}, line};
  const auto key = line.find_first_not_of(" \t", colon + 1);
  if (key == colon + 1) return {{}, line};  // a key may contain colons
  return {line.substr(0, colon), key == std::string_view::npos ? std::string_view{} : line.substr(key)};
}

std::string find_name_error(std::string_view name) {
  const bool is_valid =
      !name.empty() && name.size() <= max_name_length && std::all_of(name.begin(), name.end(), is_name_character);
  return is_valid ? std::string{}
                  : " has an invalid name before the colon; names are 1 to 64 letters, digits, '.', '_' and '-'";
}

/// Adds the key of one line. Returns the error, or an empty string. The error starts with `subject`, such as `whose
/// line 3`.
std::string add_line(api_key_list& keys, std::string_view line, const std::string& subject) {
  const bool has_name = !split(line).first.empty() || line.starts_with(": ") || line.starts_with(":\t");
  const auto [name, key] = split(line);
  // The error does not contain the text before the colon, because that can be part of a secret.
  if (has_name) {
    if (auto error = find_name_error(name); !error.empty()) return subject + error;
  }
  if (auto error = find_secret_error(key, subject); !error.empty()) return error;
  if (keys.size() == max_api_keys) return "which has more than " + std::to_string(max_api_keys) + " keys";
  api_key new_api_key{has_name ? std::string{name} : "key-" + std::to_string(keys.size() + 1), std::string{key}};
  for (const auto& existing_key : keys) {
    if (existing_key.name == new_api_key.name)
      return subject + " has the name \"" + new_api_key.name + "\" of an earlier key";
    if (existing_key.key == new_api_key.key) return subject + " has the same key as an earlier line";
  }
  keys.push_back(std::move(new_api_key));
  return {};
}

}  // namespace

api_key_list single_api_key(std::string key) {
  api_key_list keys;
  if (!key.empty()) keys.push_back({"key-1", std::move(key)});
  return keys;
}

api_key_file read_api_key_file(const std::string& path) {
  const auto [text, error] = read_small_file(path, max_file_size + 1);
  if (!error.empty()) return {{}, "which cannot be read: " + error};
  if (text.empty()) return {{}, "which cannot be read: the file is empty"};
  if (text.size() > max_file_size) return {{}, "which is larger than " + std::to_string(max_file_size) + " bytes"};
  api_key_file result;
  std::size_t number = 0;
  for (std::string_view remaining{text}; !remaining.empty();) {
    const auto end = remaining.find('\n');
    auto line = remaining.substr(0, end);
    remaining = end == std::string_view::npos ? std::string_view{} : remaining.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const auto subject = number == 1 ? "whose first line" : "whose line " + std::to_string(number);
    result.error = add_line(result.keys, line, subject);
    if (!result.error.empty()) return {{}, std::move(result.error)};
  }
  if (result.keys.empty()) result.error = "which has no key; write one key per line: \"name: key\" or only the key";
  return result;
}

bool api_key_set::replace(api_key_list keys) {
  const std::lock_guard lock{mutex_};
  const auto* current = current_.load(std::memory_order_relaxed);
  if (current && *current == keys) return false;
  outgoing_secret_.replace(keys.empty() ? std::string{} : keys.front().key);
  lists_.push_back(std::move(keys));
  current_.store(&lists_.back(), std::memory_order_release);
  return true;
}

}  // namespace cohort::config
