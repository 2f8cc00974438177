// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace cohort::config {

/// Identity and version of a file's content, from its metadata (stat(2)).
struct file_version {
  enum class kind : std::uint8_t { missing, regular, other };
  kind type = kind::missing;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  /// Modification time in nanoseconds since the epoch.
  std::int64_t modification_time = 0;
  std::int64_t status_change_time = 0;

  bool operator==(const file_version&) const = default;
};

/// Returns the version of the file to which `path` resolves, through all symbolic links. Does not open the file.
file_version version_of(const std::string& path);

/// Reports that files may have changed. Watches the files, and the directory of each file and of each symbolic link in
/// its path, by inotify(7). Kubernetes publishes a new version of a mounted secret by renaming the link `..data`, and
/// editors and certificate clients rename a new file to the path. In both cases the watched file itself does not
/// change. Network file systems do not report changes by other hosts. Not thread-safe.
class file_watch {
 public:
  /// If inotify is unavailable, for example because its limits are reached, the object watches no files and has no
  /// descriptor.
  explicit file_watch(std::vector<std::string> paths);
  ~file_watch();
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;

  /// The descriptor, owned by this object; -1 if there is none. The descriptor becomes readable when a watched file or
  /// directory changes.
  int descriptor() const noexcept { return descriptor_; }
  /// Consumes the pending notifications, and watches the files and directories to which the paths now resolve. Returns
  /// whether there was a notification; never blocks. Changes of other files in the directories also cause
  /// notifications, so compare the results of `version_of`.
  bool consume();

 private:
  void renew();

  std::vector<std::string> paths_;
  int descriptor_;
  std::set<int> watches_;
};

}  // namespace cohort::config
