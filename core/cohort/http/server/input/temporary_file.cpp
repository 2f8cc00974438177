// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/temporary_file.hpp>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace cohort::http {
namespace {

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

}  // namespace

result<temporary_file> temporary_file::create(const std::filesystem::path& directory) {
  const int unnamed = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (unnamed >= 0) return temporary_file{unnamed, {}};
  // EISDIR: the kernel does not know O_TMPFILE; EOPNOTSUPP: the file system does not.
  if (errno != EOPNOTSUPP && errno != EISDIR) return last_error();
  auto name = (directory / "upload-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return last_error();
  return temporary_file{descriptor, name};
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

error_code temporary_file::keep(const std::filesystem::path& target) {
  if (::fdatasync(descriptor_) != 0) return last_error();
  if (name_.empty()) {
    const auto link = "/proc/self/fd/" + std::to_string(descriptor_);
    return ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) == 0 ? error_code{}
                                                                                              : last_error();
  }
  // Creates a second name, because renaming would replace an existing file; the destructor removes the first one.
  return ::link(name_.c_str(), target.c_str()) == 0 ? error_code{} : last_error();
}

}  // namespace cohort::http
