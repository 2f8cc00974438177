// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/secret.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include <cohort/config/small_file.hpp>

namespace cohort::config {
namespace {

constexpr std::size_t max_secret_size = 4094;

}  // namespace

std::string find_secret_error(std::string_view line, const std::string& subject) {
  const auto contains_any = [line](auto predicate) { return std::any_of(line.begin(), line.end(), predicate); };
  if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")) {
    return "which is UTF-16 text (it starts with a byte order mark), but must be ASCII text";
  }
  if (line.starts_with("\xEF\xBB\xBF"))
    return "which starts with a byte order mark, but must be ASCII text without one";
  const std::string required = "; it must be a secret of visible ASCII characters";
  if (line.empty()) return subject + " is empty" + required;
  if (line.size() > max_secret_size) return subject + " is longer than " + std::to_string(max_secret_size) + " bytes";
  if (contains_any([](char c) { return c == '\0'; }))
    return subject + " contains a NUL byte, as UTF-16 text does" + required;
  if (contains_any([](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
    return subject + " contains a control character" + required;
  }
  if (contains_any([](char c) { return static_cast<unsigned char>(c) > '~'; }))
    return subject + " is not ASCII text" + required;
  if (contains_any([](char c) { return c == ' '; })) return subject + " contains a space" + required;
  return {};
}

secret_file read_secret_file(const std::string& path) {
  // Reads at most the length of the longest secret and its line ending.
  auto file = read_small_file(path, max_secret_size + 2, '\n');
  if (!file.error.empty()) return {{}, "which cannot be read: " + file.error};
  if (file.text.empty()) return {{}, "which cannot be read: the file is empty"};
  const auto line_end = file.text.find('\n');
  if (line_end == std::string::npos && file.text.size() > max_secret_size + 1) {
    return {{}, "whose first line is longer than " + std::to_string(max_secret_size) + " bytes"};
  }
  // A line with a NUL byte is rejected instead of truncated, because the truncated secret would be easier to guess.
  auto line = file.text.substr(0, line_end);
  if (line.ends_with('\r')) line.pop_back();
  auto error = find_secret_error(line, "whose first line");
  if (!error.empty()) return {{}, std::move(error)};
  return {std::move(line), {}};
}

bool replaceable_secret::replace(std::string value) {
  const std::lock_guard lock{mutex_};
  const auto* current = current_.load(std::memory_order_relaxed);
  if (current && *current == value) return false;
  values_.push_back(std::move(value));
  current_.store(&values_.back(), std::memory_order_release);
  return true;
}

}  // namespace cohort::config
