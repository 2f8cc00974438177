// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/result_store.hpp"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace cohort::simulation::alerts {
namespace {

/// The last line of a complete result.
constexpr std::string_view end_mark = "end";

std::string read_whole_file(const std::string& path) {
  std::ifstream input{path, std::ios::binary};
  if (!input) throw std::runtime_error("cannot read " + path);
  std::ostringstream content;
  content << input.rdbuf();
  return content.str();
}

/// The first characters of the SHA-256 hash of `parts`, in hexadecimal.
std::string short_hash(const std::vector<std::string>& parts) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  bool succeeded = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto& part : parts) {
    const auto length = std::to_string(part.size()) + ":";
    succeeded = succeeded && EVP_DigestUpdate(context.get(), length.data(), length.size()) == 1 &&
                EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  if (!succeeded || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    throw std::runtime_error("cannot compute a SHA-256 hash");
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    text += digits[digest[i] >> 4U];
    text += digits[digest[i] & 0xFU];
  }
  return text;
}

std::int64_t whole_seconds(duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); }

}  // namespace

std::string evaluation_key(const rule_files& rules, bool has_all_series) {
  std::vector<std::string> parts{read_whole_file("/proc/self/exe"), promtool_version(),
                                 has_all_series ? "all series" : "reduced series"};
  for (auto& content : rules.contents()) parts.push_back(std::move(content));
  return short_hash(parts);
}

result_store::result_store(const std::string& directory, const std::string& key) : directory_(directory + "/" + key) {
  std::filesystem::create_directories(directory_);
}

std::string result_store::file_of(const incident& run) const {
  auto name = run.kind;
  std::replace(name.begin(), name.end(), ' ', '_');
  return directory_ + "/" + name + "-" + std::to_string(run.seed) + ".tsv";
}

std::optional<std::vector<firing>> result_store::load(const incident& run) const {
  std::vector<firing> firings;
  std::ifstream input{file_of(run), std::ios::binary};
  for (std::string line; std::getline(input, line);) {
    if (line == end_mark) return firings;
    std::istringstream fields{line};
    std::int64_t begin = 0;
    std::int64_t end = 0;
    firing entry;
    std::getline(fields, entry.alert, '\t');
    std::getline(fields, entry.labels, '\t');
    if (!(fields >> begin >> end)) return std::nullopt;
    entry.begin = std::chrono::seconds{begin};
    entry.end = std::chrono::seconds{end};
    firings.push_back(std::move(entry));
  }
  return std::nullopt;
}

void result_store::save(const incident& run, const std::vector<firing>& firings) const {
  const auto file = file_of(run);
  const auto temporary = file + "." + std::to_string(getpid());
  std::ofstream output{temporary, std::ios::binary};
  for (const auto& entry : firings) {
    output << entry.alert << '\t' << entry.labels << '\t' << whole_seconds(entry.begin) << '\t'
           << whole_seconds(entry.end) << '\n';
  }
  output << end_mark << '\n' << std::flush;
  std::error_code error;
  if (output) std::filesystem::rename(temporary, file, error);
  if (!output || error) throw std::runtime_error("cannot write " + file);
}

}  // namespace cohort::simulation::alerts
