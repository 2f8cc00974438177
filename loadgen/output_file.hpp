#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/runtime/task.hpp"

namespace cohort::loadgen {

/// A file that is there whole or not at all: written beside its place and moved there at the end. So a run that fails
/// does not cost the report of the one before. A link is followed. What is no regular file, such as `/dev/null`, is
/// written directly.
class output_file {
 public:
  /// `-` is standard output. Nothing is there until `commit`, but that it could not be is told now, as one sentence.
  static result<std::unique_ptr<output_file>, std::string> open(const std::string& path);
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  void write(std::string_view text);
  /// What went wrong, if anything did, as one sentence.
  std::optional<std::string> commit();

 private:
  explicit output_file(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::string written_to_;
  std::ofstream file_;
  /// `file_`, or standard output.
  std::ostream* stream_ = nullptr;
};

}  // namespace cohort::loadgen
