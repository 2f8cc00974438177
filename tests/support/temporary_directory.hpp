#pragma once

#include <filesystem>
#include <string_view>

namespace cohort::test {

/// A new, empty directory under the system's temporary one, for its owner alone; removed with all it holds.
class temporary_directory {
 public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Creates or replaces the file `name`, a relative path whose directories are made, and gives its full path.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace cohort::test
