// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::loadgen {

/// An output file that is replaced atomically: it is written to `<path>.part` and renamed by `commit`, so that a failed
/// run does not destroy an earlier report. Symbolic links are followed. Files that are not regular, such as `/dev/null`
/// or a FIFO, are written directly.
class output_file {
 public:
  /// Opens the file for writing; `-` is standard output. Errors: one sentence with the path and the reason.
  static result<std::unique_ptr<output_file>, std::string> open(const std::string& path);
  /// Removes the temporary file, if there is one.
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  void write(std::string_view text);
  /// Closes the file and moves it to its path. Returns an error message of one sentence; empty on success.
  std::optional<std::string> commit();

  /// Removes the temporary files of all open outputs, for an immediate exit. Async-signal-safe.
  static void remove_temporary_files() noexcept;

 private:
  explicit output_file(std::string path) : path_(std::move(path)) {}
  bool has_temporary_file() const noexcept { return !opened_path_.empty() && opened_path_ != path_; }
  void register_temporary_file() noexcept;
  void unregister_temporary_file() noexcept;

  std::string path_;
  /// Path of the open file: `path_` or the temporary file. Empty for standard output.
  std::string opened_path_;
  std::ofstream file_;
  /// The output stream: `file_` or standard output.
  std::ostream* stream_ = nullptr;
};

}  // namespace cohort::loadgen
