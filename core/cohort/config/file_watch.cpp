// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/file_watch.hpp>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

namespace cohort::config {
namespace {

namespace fs = std::filesystem;

/// Maximum number of symbolic links that Linux follows in a path (`ELOOP`).
constexpr int max_symbolic_links = 40;

constexpr std::uint32_t directory_events =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t file_events = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

std::int64_t to_nanoseconds(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The directories and files that must be watched to detect each change of a path's target.
struct watched_paths {
  std::set<std::string> directories;
  std::set<std::string> files;
};

void add_watched_paths(fs::path path, watched_paths& watched_paths) {
  std::error_code error;
  for (int links = 0; links <= max_symbolic_links; ++links) {
    fs::path current;
    fs::path target;
    auto component = path.begin();
    for (; component != path.end(); ++component) {
      const auto directory = current.empty() ? fs::path{"."} : current;
      current /= *component;
      const auto status = fs::symlink_status(current, error);
      const bool is_last = std::next(component) == path.end();
      if (is_last || fs::is_symlink(status) || !fs::exists(status))
        watched_paths.directories.insert(directory.string());
      if (!fs::exists(status)) return;
      if (fs::is_symlink(status)) {
        // An absolute target replaces the directory.
        target = directory / fs::read_symlink(current, error);
        break;
      }
    }
    if (component == path.end()) {
      if (fs::is_regular_file(path, error)) watched_paths.files.insert(path.string());
      return;
    }
    for (++component; component != path.end(); ++component) target /= *component;
    path = std::move(target);
  }
}

}  // namespace

file_version version_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) return {.type = file_version::kind::other};
  return {file_version::kind::regular,   status.st_dev, status.st_ino, status.st_size, to_nanoseconds(status.st_mtim),
          to_nanoseconds(status.st_ctim)};
}

file_watch::file_watch(std::vector<std::string> paths)
    : paths_(std::move(paths)), descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  renew();
}

file_watch::~file_watch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool file_watch::consume() {
  if (descriptor_ < 0) return false;
  alignas(inotify_event) std::array<char, 4096> events;
  bool has_notification = false;
  while (::read(descriptor_, events.data(), events.size()) > 0) has_notification = true;
  if (has_notification) renew();
  return has_notification;
}

void file_watch::renew() {
  if (descriptor_ < 0) return;
  watched_paths watched_paths;
  for (const auto& path : paths_) add_watched_paths(path, watched_paths);
  std::set<int> renewed_watches;
  const auto add_watch = [&](const std::string& path, std::uint32_t events) {
    // inotify returns the same watch for the same inode.
    const int watch = ::inotify_add_watch(descriptor_, path.c_str(), events);
    if (watch >= 0) renewed_watches.insert(watch);
  };
  for (const auto& directory : watched_paths.directories) add_watch(directory, directory_events);
  for (const auto& file : watched_paths.files) add_watch(file, file_events);
  for (const int watch : watches_) {
    if (!renewed_watches.contains(watch)) ::inotify_rm_watch(descriptor_, watch);
  }
  watches_ = std::move(renewed_watches);
}

}  // namespace cohort::config
