// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include <cohort/runtime/task.hpp>

namespace cohort::http {

/// The options of `temporary_file::keep`.
struct keep_options {
  /// Whether to replace a file of that name atomically: a reader opens either the old file or the new file. If false,
  /// the error is `file_exists` if there is such a file.
  bool replaces = false;
  /// Whether to flush the content to disk first (fsync), so that the file survives a power failure. This blocks the
  /// thread.
  bool is_durable = true;
};

/// A file without a name in a directory (`O_TMPFILE`): the system removes it when it is closed, even if the program
/// crashes, unless `keep` gives it a name. On file systems that do not support such files, the file has a random name
/// until `keep`.
///
/// Writing blocks while the page cache does not accept more data.
class temporary_file {
 public:
  /// Creates a file that only this user may read. Returns the error of the system, for example if the directory is
  /// missing.
  static result<temporary_file> create(const std::filesystem::path& directory);
  /// Creates a file in the directory of `target`, with the mode 0644, restricted by the umask.
  static result<temporary_file> create_in_directory_of(const std::filesystem::path& target);

  temporary_file(temporary_file&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), name_(std::move(other.name_)) {
    other.name_.clear();
  }
  temporary_file& operator=(temporary_file&& other) noexcept;
  ~temporary_file();

  /// Appends all bytes.
  error_code write(std::string_view bytes);
  /// Gives the file the name `target`, which must be on the same file system. Must be called at most once.
  error_code keep(const std::filesystem::path& target, keep_options options = {});
  /// The number of bytes that were written.
  std::uint64_t size() const noexcept { return size_; }
  /// The descriptor for reading with `pread`; valid for the lifetime of this object.
  int descriptor() const noexcept { return descriptor_; }

 private:
  temporary_file(int descriptor, std::filesystem::path name) : descriptor_(descriptor), name_(std::move(name)) {}
  static result<temporary_file> create_with(const std::filesystem::path& directory, unsigned permissions);
  error_code name_file(const std::filesystem::path& target, bool replaces);
  void remove() noexcept;

  int descriptor_;
  std::uint64_t size_ = 0;
  /// The path of the file; empty if the file has no name.
  std::filesystem::path name_;
};

}  // namespace cohort::http
