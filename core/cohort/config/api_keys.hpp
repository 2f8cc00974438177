// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include <cohort/config/secret.hpp>

namespace cohort::config {

/// An API key and its name. Logs and metrics may contain the name.
struct api_key {
  std::string name;
  std::string key;
  bool operator==(const api_key&) const = default;
};

/// The keys of a program, in the order of their file. Names and keys are unique.
using api_key_list = std::vector<api_key>;

/// Minimum length, in characters, of a key that is safe against guessing. Programs log a warning for shorter keys.
inline constexpr std::size_t min_safe_key_length = 16;
inline constexpr std::size_t max_api_keys = 64;

/// Returns a list with one key, named `key-1`; an empty list if `key` is empty.
api_key_list single_api_key(std::string key);

struct api_key_file {
  /// The keys of the file; empty if `error` is set.
  api_key_list keys;
  /// The reason why the file is invalid; never contains a key. Completes the message `API_KEY_FILE is "/run/keys", …`.
  std::string error;
};

/// Reads a file with one API key per line: `name: key` (with at least one space or tab after the colon), or only the
/// key. Names consist of 1 to 64 letters, digits, `.`, `_` and `-`; the n-th key of the file has the name `key-<n>` if
/// its line contains no name. Keys consist of 1 to 4094 visible ASCII characters. Empty lines and lines that start with
/// `#` are ignored. Blocks if the file is a pipe, for at most `small_file_timeout` between two writes.
api_key_file read_api_key_file(const std::string& path);

/// The current API keys. The keys can be replaced while other threads read them. Thread-safe.
class api_key_set {
 public:
  explicit api_key_set(std::string key = {}) { replace(std::move(key)); }

  /// The current keys. If the list is empty, no authentication is required. The reference is valid until this object is
  /// destroyed: previous lists are kept, so that readers need no lock.
  const api_key_list& get() const noexcept { return *current_.load(std::memory_order_acquire); }
  /// The first key, which the service sends to other services; empty if there are no keys.
  const replaceable_secret& outgoing_secret() const noexcept { return outgoing_secret_; }
  /// Replaces the keys. Returns false if `keys` are equal to the current keys.
  bool replace(api_key_list keys);
  /// Replaces all keys with `single_api_key(key)`.
  bool replace(std::string key) { return replace(single_api_key(std::move(key))); }

 private:
  std::mutex mutex_;
  std::deque<api_key_list> lists_;
  std::atomic<const api_key_list*> current_{nullptr};
  replaceable_secret outgoing_secret_;
};

}  // namespace cohort::config
