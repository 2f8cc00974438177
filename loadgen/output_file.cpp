#include "loadgen/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

namespace cohort::loadgen {
namespace {

namespace fs = std::filesystem;

std::string cannot_write(const std::string& path, std::string_view why) {
  return '"' + path + "\" cannot be written: " + std::string{why};
}

}  // namespace

result<std::unique_ptr<output_file>, std::string> output_file::open(const std::string& path) {
  using outcome = result<std::unique_ptr<output_file>, std::string>;
  if (path == "-" || path == "/dev/stdout") {
    std::unique_ptr<output_file> made{new output_file{"standard output"}};
    made->stream_ = &std::cout;
    return outcome(boost::system::in_place_value, std::move(made));
  }
  std::error_code unknown;
  const auto existing = fs::status(path, unknown);
  if (fs::is_directory(existing)) {
    return outcome(boost::system::in_place_error, cannot_write(path, "it is a directory"));
  }
  const bool is_file = fs::is_regular_file(existing);
  // The file that a link leads to is replaced, not the link.
  std::unique_ptr<output_file> made{new output_file{is_file ? fs::canonical(path).string() : path}};
  made->stream_ = &made->file_;
  made->written_to_ = fs::exists(existing) && !is_file ? path : made->path_ + ".part";
  errno = 0;
  made->file_.open(made->written_to_, std::ios::binary | std::ios::trunc);
  if (!made->file_) {
    // It is not ours to remove.
    made->written_to_.clear();
    return outcome(boost::system::in_place_error, cannot_write(path, std::strerror(errno)));
  }
  return outcome(boost::system::in_place_value, std::move(made));
}

output_file::~output_file() {
  if (written_to_.empty() || written_to_ == path_) return;
  file_.close();
  std::error_code ignored;
  fs::remove(written_to_, ignored);
}

void output_file::write(std::string_view text) {
  stream_->write(text.data(), static_cast<std::streamsize>(text.size()));
  stream_->flush();
}

std::optional<std::string> output_file::commit() {
  errno = 0;
  if (file_.is_open()) file_.close();
  if (!*stream_) return cannot_write(path_, errno != 0 ? std::strerror(errno) : "not all of it was taken");
  if (!written_to_.empty() && written_to_ != path_) {
    std::error_code failed;
    fs::rename(written_to_, path_, failed);
    if (failed) return cannot_write(path_, failed.message());
  }
  written_to_.clear();
  return std::nullopt;
}

}  // namespace cohort::loadgen
