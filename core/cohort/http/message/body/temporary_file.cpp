// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/temporary_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>

namespace cohort::http {
namespace {

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

/// Returns a random name for a hidden file; the probability of a collision is negligible.
std::string random_name() {
  std::random_device random;
  const auto number = (std::uint64_t{random()} << 32U) | random();
  return ".upload-" + std::to_string(number);
}

std::filesystem::path directory_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

/// Flushes the directory of a file to disk. Otherwise, a power failure can undo `linkat` and `rename`.
error_code sync_directory_of(const std::filesystem::path& target) {
  const int opened = ::open(directory_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return last_error();
  const auto error = ::fsync(opened) == 0 ? error_code{} : last_error();
  ::close(opened);
  return error;
}

}  // namespace

result<temporary_file> temporary_file::create(const std::filesystem::path& directory) {
  return create_with(directory, S_IRUSR | S_IWUSR);
}

result<temporary_file> temporary_file::create_in_directory_of(const std::filesystem::path& target) {
  return create_with(directory_of(target), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
}

result<temporary_file> temporary_file::create_with(const std::filesystem::path& directory, unsigned permissions) {
  const auto mode = static_cast<mode_t>(permissions);
  const int unnamed_descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (unnamed_descriptor >= 0) return temporary_file{unnamed_descriptor, {}};
  // EISDIR: the kernel does not support O_TMPFILE; EOPNOTSUPP: the file system does not.
  if (errno != EOPNOTSUPP && errno != EISDIR) return last_error();
  auto name = directory / random_name();
  const int named_descriptor = ::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
  if (named_descriptor < 0) return last_error();
  return temporary_file{named_descriptor, std::move(name)};
}

temporary_file& temporary_file::operator=(temporary_file&& other) noexcept {
  if (this == &other) return *this;
  remove();
  descriptor_ = std::exchange(other.descriptor_, -1);
  size_ = other.size_;
  name_ = std::move(other.name_);
  other.name_.clear();
  return *this;
}

temporary_file::~temporary_file() { remove(); }

void temporary_file::remove() noexcept {
  if (descriptor_ < 0) return;
  if (!name_.empty()) ::unlink(name_.c_str());
  ::close(descriptor_);
}

error_code temporary_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error();
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

error_code temporary_file::keep(const std::filesystem::path& target, keep_options options) {
  if (options.is_durable && ::fdatasync(descriptor_) != 0) return last_error();
  if (const auto error = name_file(target, options.replaces)) return error;
  return options.is_durable ? sync_directory_of(target) : error_code{};
}

error_code temporary_file::name_file(const std::filesystem::path& target, bool replaces) {
  if (name_.empty()) {
    const auto link = "/proc/self/fd/" + std::to_string(descriptor_);
    // Only a file with a name can replace another file.
    auto name = replaces ? target.parent_path() / random_name() : target;
    if (::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return last_error();
    if (!replaces) return {};
    name_ = std::move(name);  // a move cannot fail, so the destructor removes the file
  }
  if (!replaces) {
    // Creates a second name, because renaming would replace an existing file; the destructor removes the first name.
    return ::link(name_.c_str(), target.c_str()) == 0 ? error_code{} : last_error();
  }
  if (::rename(name_.c_str(), target.c_str()) != 0) return last_error();
  name_.clear();
  return {};
}

}  // namespace cohort::http
