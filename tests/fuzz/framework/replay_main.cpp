// SPDX-License-Identifier: BSL-1.0
// Runs fuzz targets without libFuzzer: on the inputs of a corpus, then on mutations of them.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/framework/fuzz_target.hpp"
#include "tests/fuzz/framework/mutator.hpp"

namespace {

using namespace cohort;

constexpr const char* usage =
    "usage: fuzz-replay --list\n"
    "       fuzz-replay TARGET MUTATIONS FILE-OR-DIRECTORY...\n"
    "Runs TARGET on all files, then on MUTATIONS changed copies of them, which are the same in every run. An input that\n"
    "fails is written to fuzz-failure-TARGET in the current directory.\n";

/// The current input, for the signal handler.
std::string current_input;
std::string failure_file;

/// Saves the input that made a property or a sanitizer fail. Calls async-signal-safe functions only.
void save_current_input(int signal) {
  std::signal(signal, SIG_DFL);
  if (std::FILE* file = std::fopen(failure_file.c_str(), "wb")) {
    std::fwrite(current_input.data(), 1, current_input.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "fuzz-replay: the input is in %s\n", failure_file.c_str());
  }
  std::raise(signal);
}

void run(const fuzz::target& target, std::string input) {
  current_input = std::move(input);
  try {
    // A heap block of exactly this size, so that AddressSanitizer detects each read beyond its end.
    const std::vector<char> exact(current_input.begin(), current_input.end());
    target.run({exact.data(), exact.size()});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz-replay: exception: %s\n", error.what());
    std::abort();
  }
}

std::vector<std::string> read_corpus(int count, char** paths) {
  std::vector<std::filesystem::path> files;
  for (int i = 0; i < count; ++i) {
    if (std::filesystem::is_directory(paths[i])) {
      for (const auto& entry : std::filesystem::directory_iterator{paths[i]}) files.push_back(entry.path());
    } else {
      files.emplace_back(paths[i]);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& path : files) {
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error(path.string() + " cannot be read");
    corpus.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return corpus;
}

int replay(const fuzz::target& target, std::size_t mutation_count, const std::vector<std::string>& corpus) {
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz-replay: the corpus of %s is empty\n", std::string{target.name}.c_str());
    return 1;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL}) std::signal(signal, save_current_input);
  for (const auto& input : corpus) run(target, input);
  fuzz::mutator input_mutator{corpus, 1};
  for (std::size_t i = 0; i < mutation_count; ++i) run(target, input_mutator.next());
  std::printf("%s: %zu inputs and %zu mutations\n", std::string{target.name}.c_str(), corpus.size(), mutation_count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const auto& target : fuzz::targets()) std::printf("%s\n", std::string{target.name}.c_str());
    return 0;
  }
  if (argc < 4) {
    std::fputs(usage, stderr);
    return 2;
  }
  const auto target = std::ranges::find(fuzz::targets(), std::string_view{argv[1]}, &fuzz::target::name);
  if (target == fuzz::targets().end()) {
    std::fprintf(stderr, "fuzz-replay: unknown target \"%s\"; --list shows the targets\n", argv[1]);
    return 2;
  }
  failure_file = "fuzz-failure-" + std::string{argv[1]};
  try {
    return replay(*target, std::strtoul(argv[2], nullptr, 10), read_corpus(argc - 3, argv + 3));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz-replay: %s\n", error.what());
    return 1;
  }
}
