// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/result_store.hpp"

#include <openssl/sha.h>
#include <unistd.h>
#include <boost/algorithm/hex.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "simulation/report/page.hpp"

namespace cohort::simulation::alerts {
namespace {

/// The last line of a complete result.
constexpr std::string_view end_marker = "end";

/// The first 64 bits of the SHA-256 hash, in hexadecimal.
std::string short_hash(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string digits;
  boost::algorithm::hex_lower(hash.begin(), hash.begin() + 8, std::back_inserter(digits));
  return digits;
}

std::int64_t whole_seconds(duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); }

}  // namespace

std::string evaluation_key(const rule_files& rules, bool has_all_series) {
  constexpr auto program_path = "/proc/self/exe";
  std::vector<std::string> parts{read_file(program_path), promtool_version(),
                                 has_all_series ? "all series" : "reduced series"};
  if (parts.front().empty()) throw std::runtime_error(std::string{"cannot read "} + program_path);
  for (auto& content : rules.contents()) parts.push_back(std::move(content));
  std::string text;
  for (const auto& part : parts) text.append(std::to_string(part.size())).append(":").append(part);
  return short_hash(text);
}

result_store::result_store(const std::string& directory, const std::string& key) : directory_(directory + "/" + key) {
  std::filesystem::create_directories(directory_);
}

std::string result_store::file_path(const incident& run) const {
  auto name = run.kind;
  std::replace(name.begin(), name.end(), ' ', '_');
  return directory_ + "/" + name + "-" + std::to_string(run.seed) + ".tsv";
}

std::optional<std::vector<firing>> result_store::load(const incident& run) const {
  std::vector<firing> firings;
  std::ifstream input{file_path(run), std::ios::binary};
  for (std::string line; std::getline(input, line);) {
    if (line == end_marker) return firings;
    std::istringstream fields{line};
    std::int64_t start = 0;
    std::int64_t end = 0;
    firing entry;
    std::getline(fields, entry.alert, '\t');
    std::getline(fields, entry.labels, '\t');
    if (!(fields >> start >> end)) return std::nullopt;
    entry.start = std::chrono::seconds{start};
    entry.end = std::chrono::seconds{end};
    firings.push_back(std::move(entry));
  }
  return std::nullopt;
}

void result_store::save(const incident& run, const std::vector<firing>& firings) const {
  const auto file = file_path(run);
  const auto temporary = file + "." + std::to_string(getpid());
  std::ofstream output{temporary, std::ios::binary};
  for (const auto& entry : firings) {
    output << entry.alert << '\t' << entry.labels << '\t' << whole_seconds(entry.start) << '\t'
           << whole_seconds(entry.end) << '\n';
  }
  output << end_marker << '\n' << std::flush;
  std::error_code error;
  if (output) std::filesystem::rename(temporary, file, error);
  if (!output || error) throw std::runtime_error("cannot write " + file);
}

}  // namespace cohort::simulation::alerts
