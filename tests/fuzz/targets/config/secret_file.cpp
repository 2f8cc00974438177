// SPDX-License-Identifier: BSL-1.0
// Fuzzes key files, such as the file of API_KEY_FILE.
#include <algorithm>
#include <string>

#include <cohort/config/secret.hpp>
#include "tests/fuzz/targets/config/temporary_file.hpp"

namespace cohort::fuzz::secret_file_target {
namespace {

void run(std::string_view input) {
  const temporary_file file{input};
  const auto read = config::read_secret_file(file.path());
  require(read.secret.empty() != read.error.empty(), "reading a file results in a secret or an error");
  config::replaceable_secret current{"initial"};
  require(read.secret == "initial" || current.replace(read.secret), "another secret replaces the current one");
  require(!current.replace(read.secret) && current.get() == read.secret,
          "the same secret does not replace the current one");
  require(!config::read_secret_file("/nonexistent/" + std::to_string(hash(input) % 2)).error.empty(),
          "reading a missing file results in an error");
  if (read.secret.empty()) return;
  auto line = input.substr(0, input.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  require(read.secret == line, "a secret is the complete first line");
  require(std::ranges::all_of(line, [](char c) { return c > ' ' && c <= '~'; }),
          "a secret consists of visible ASCII characters");
}

const registration fuzz_registration{{"secret_file", run}};

}  // namespace
}  // namespace cohort::fuzz::secret_file_target
