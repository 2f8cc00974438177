// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/file_source.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/system/errc.hpp>
#include <cerrno>

namespace cohort::http {
namespace {

constexpr std::uint64_t max_chunk_bytes = 64 * 1024;

error_code last_error() noexcept { return error_code{errno, boost::system::system_category()}; }

}  // namespace

result<std::unique_ptr<file_source>> file_source::open(const std::string& path) {
  // The file is opened without blocking, so that a named pipe without a writer does not block the program.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return last_error();
  struct stat status{};
  const bool has_status = ::fstat(descriptor, &status) == 0;
  const auto failure = last_error();
  std::unique_ptr<file_source> source{new file_source{descriptor, static_cast<std::uint64_t>(status.st_size)}};
  if (!has_status) return failure;
  if (S_ISDIR(status.st_mode)) return boost::system::errc::make_error_code(boost::system::errc::is_a_directory);
  if (!S_ISREG(status.st_mode)) return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
  return source;
}

file_source::~file_source() { ::close(descriptor_); }

task<result<std::string_view, client_error>> file_source::read(call_context) {
  const auto chunk_bytes = static_cast<std::size_t>(std::min(max_chunk_bytes, size_ - offset_));
  if (chunk_bytes == 0) co_return std::string_view{};
  buffer_.resize(chunk_bytes);
  ssize_t count = 0;
  do count = ::pread(descriptor_, buffer_.data(), chunk_bytes, static_cast<off_t>(offset_));
  while (count < 0 && errno == EINTR);
  if (count <= 0) co_return client_error::request_body_failed;
  offset_ += static_cast<std::uint64_t>(count);
  co_return std::string_view{buffer_}.substr(0, static_cast<std::size_t>(count));
}

}  // namespace cohort::http
