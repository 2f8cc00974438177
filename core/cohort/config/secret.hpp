// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace cohort::config {

struct secret_file {
  /// The first line, without its line ending; empty if `error` is set.
  std::string secret;
  /// The reason why the first line of the file is not a secret of visible ASCII characters; empty if it is a secret.
  /// Completes the message `API_KEY_FILE is "/run/key", …`.
  std::string error;
};

/// Returns the reason why `line` is not a secret of 1 to 4094 visible ASCII characters; empty if it is a secret. The
/// message contains no part of the line. The message begins with `subject`, the location of the line, such as "whose
/// first line".
std::string find_secret_error(std::string_view line, const std::string& subject);

/// Reads the first line of a file. Blocks if the file is a pipe, for at most `small_file_timeout`.
secret_file read_secret_file(const std::string& path);

/// A secret that can be replaced while other threads read it. Thread-safe.
class replaceable_secret {
 public:
  explicit replaceable_secret(std::string value = {}) { replace(std::move(value)); }

  /// The current value. The reference is valid until this object is destroyed: previous values are kept, so that
  /// readers need no lock.
  const std::string& get() const noexcept { return *current_.load(std::memory_order_acquire); }
  /// Replaces the secret. Returns false if `value` is equal to the current value.
  bool replace(std::string value);

 private:
  std::mutex mutex_;
  std::deque<std::string> values_;
  std::atomic<const std::string*> current_{nullptr};
};

}  // namespace cohort::config
