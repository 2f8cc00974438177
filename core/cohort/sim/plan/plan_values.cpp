// SPDX-License-Identifier: BSL-1.0
#include <charconv>
#include <sstream>

#include <cohort/config/small_file.hpp>
#include <cohort/sim/cpu/measured_distribution.hpp>
#include <cohort/sim/plan/plan.hpp>

namespace cohort::sim {
namespace {

constexpr std::string_view accepted_distributions =
    "a duration such as 2ms, \"uniform MIN MAX\", \"exponential MEAN\", \"lognormal MEDIAN P99\", "
    "\"loadgen FILE [TARGET]\" or \"prometheus FILE METRIC [label=value ...]\"";

std::vector<std::string> split_words(std::string_view text) {
  std::istringstream stream{std::string{text}};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

result<std::string, std::string> read_text(const std::filesystem::path& path) {
  auto file = config::read_small_file(path, max_plan_file_bytes);
  // Constructed in place, because value and error have the same type.
  using file_result = result<std::string, std::string>;
  if (!file.error.empty()) {
    return file_result{boost::system::in_place_error, "the file " + path.string() + " cannot be read: " + file.error};
  }
  return file_result{boost::system::in_place_value, std::move(file.text)};
}

result<distribution, std::string> read_measured(const std::vector<std::string>& words,
                                                const std::filesystem::path& directory) {
  const auto text = read_text(directory / words[1]);
  if (!text) return text.error();
  if (words[0] == "loadgen") return distribution_from_loadgen_report(*text, words.size() > 2 ? words[2] : "");
  std::map<std::string, std::string, std::less<>> labels;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (equals == std::string::npos) return "the label " + words[i] + " is not label=value";
    labels[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  return distribution_from_prometheus(*text, words[2], labels);
}

}  // namespace

std::optional<duration> parse_plan_duration(std::string_view text) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr)};
  const double nanoseconds = unit == "us" ? 1e3 : unit == "ms" ? 1e6 : unit == "s" ? 1e9 : unit == "min" ? 6e10 : 0;
  constexpr double max_nanoseconds = 1e9 * 86'400;
  if (parsed.ec != std::errc{} || nanoseconds == 0 || !(number >= 0) || number * nanoseconds > max_nanoseconds) {
    return std::nullopt;
  }
  return duration{static_cast<duration::rep>(number * nanoseconds + 0.5)};
}

result<distribution, std::string> parse_distribution(std::string_view text, const std::filesystem::path& directory) {
  const auto words = split_words(text);
  const auto invalid = '"' + std::string{text} + "\" must be " + std::string{accepted_distributions};
  const auto duration_at = [&](std::size_t index) {
    return index < words.size() ? parse_plan_duration(words[index]) : std::nullopt;
  };
  if (words.size() == 1 && duration_at(0)) return distribution::constant(*duration_at(0));
  if (words.size() == 2 && words[0] == "exponential" && duration_at(1))
    return distribution::exponential(*duration_at(1));
  if (words.size() == 3 && duration_at(1) && duration_at(2)) {
    try {
      if (words[0] == "uniform") return distribution::uniform(*duration_at(1), *duration_at(2));
      if (words[0] == "lognormal") return distribution::lognormal(*duration_at(1), *duration_at(2));
    } catch (const std::invalid_argument& error) {
      return '"' + std::string{text} + "\": " + error.what();
    }
  }
  const bool is_report = words.size() >= 2 && words.size() <= 3 && words[0] == "loadgen";
  const bool is_exposition = words.size() >= 3 && words[0] == "prometheus";
  if (is_report || is_exposition) return read_measured(words, directory);
  return invalid;
}

}  // namespace cohort::sim
