// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/output_file.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

#include <cohort/config/redaction.hpp>

namespace cohort::loadgen {
namespace {

namespace fs = std::filesystem;

/// The paths of the temporary files of open outputs: JSON, CSV and HTML.
std::array<std::atomic<const char*>, 3> temporary_files{};
static_assert(std::atomic<const char*>::is_always_lock_free);

std::string write_error(const std::string& path, std::string_view reason) {
  return '"' + config::redact_userinfo(path) + "\" cannot be written: " + std::string{reason};
}

}  // namespace

result<std::unique_ptr<output_file>, std::string> output_file::open(const std::string& path) {
  using open_result = result<std::unique_ptr<output_file>, std::string>;
  if (path == "-" || path == "/dev/stdout") {
    std::unique_ptr<output_file> output{new output_file{"standard output"}};
    output->stream_ = &std::cout;
    return open_result(boost::system::in_place_value, std::move(output));
  }
  std::error_code ignored;
  const auto existing = fs::status(path, ignored);
  if (fs::is_directory(existing)) {
    return open_result(boost::system::in_place_error, write_error(path, "it is a directory"));
  }
  const bool is_regular = fs::is_regular_file(existing);
  // Replaces the target of a symbolic link, not the link.
  std::unique_ptr<output_file> output{new output_file{is_regular ? fs::canonical(path).string() : path}};
  output->stream_ = &output->file_;
  const bool is_direct = fs::exists(existing) && !is_regular;
  const auto opened_path = is_direct ? path : output->path_ + ".part";
  errno = 0;
  output->file_.open(opened_path, std::ios::binary | std::ios::trunc);
  if (!output->file_) return open_result(boost::system::in_place_error, write_error(path, std::strerror(errno)));
  output->opened_path_ = opened_path;
  if (output->has_temporary_file()) output->register_temporary_file();
  return open_result(boost::system::in_place_value, std::move(output));
}

output_file::~output_file() {
  if (!has_temporary_file()) return;
  file_.close();
  unregister_temporary_file();
  std::error_code ignored;
  fs::remove(opened_path_, ignored);
}

void output_file::write(std::string_view text) {
  stream_->write(text.data(), static_cast<std::streamsize>(text.size()));
  stream_->flush();
}

std::optional<std::string> output_file::commit() {
  errno = 0;
  if (file_.is_open()) file_.close();
  if (!*stream_) return write_error(path_, errno != 0 ? std::strerror(errno) : "the write was incomplete");
  if (has_temporary_file()) {
    std::error_code error;
    fs::rename(opened_path_, path_, error);
    if (error) return write_error(path_, error.message());
    unregister_temporary_file();
  }
  opened_path_.clear();
  return std::nullopt;
}

void output_file::register_temporary_file() noexcept {
  for (auto& entry : temporary_files) {
    const char* expected = nullptr;
    if (entry.compare_exchange_strong(expected, opened_path_.c_str())) return;
  }
}

void output_file::unregister_temporary_file() noexcept {
  for (auto& entry : temporary_files) {
    const char* expected = opened_path_.c_str();
    if (entry.compare_exchange_strong(expected, nullptr)) return;
  }
}

void output_file::remove_temporary_files() noexcept {
  for (auto& entry : temporary_files) {
    if (const char* path = entry.exchange(nullptr)) ::unlink(path);
  }
}

}  // namespace cohort::loadgen
