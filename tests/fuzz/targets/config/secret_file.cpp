// SPDX-License-Identifier: BSL-1.0
// Key files, such as that of API_KEY_FILE.
#include <algorithm>

#include <cohort/config/secret.hpp>
#include "tests/fuzz/targets/config/temporary_file.hpp"

namespace cohort::fuzz {
namespace {

void run(std::string_view input) {
  const temporary_file file{input};
  const auto read = config::read_secret_file(file.path());
  require(read.secret.empty() != read.error.empty(), "a file has a secret or an error");
  if (read.secret.empty()) return;
  auto line = input.substr(0, input.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  require(read.secret == line, "a secret is the whole first line");
  require(std::ranges::all_of(line, [](char c) { return c > ' ' && c <= '~'; }), "a secret is visible ASCII");
}

const registration registered{{"secret_file", run}};

}  // namespace
}  // namespace cohort::fuzz
