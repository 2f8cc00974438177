#include "core/config/options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

extern char** environ;

namespace cohort::config {
namespace {

constexpr int usage_error = 2;

std::string help_text(const std::string& help, const std::string& variable, const std::string& default_text) {
  std::string text = help;
  if (!variable.empty()) text += " [" + variable + "]";
  if (!default_text.empty()) text += " (default: " + default_text + ")";
  return text;
}

/// As it may be shown on one line of a terminal.
std::string printable(std::string_view value) {
  std::string shown;
  for (const char c : value) shown += (c >= ' ' && c <= '~') ? c : '?';
  return shown;
}

std::string in_quotes(std::string_view value) {
  constexpr std::size_t most_shown = 80;
  return '"' + printable(value.substr(0, most_shown)) + (value.size() > most_shown ? "…\"" : "\"");
}

/// Nothing if it is unset or empty.
std::optional<std::string> variable(const environment& variables, const std::string& name) {
  const auto found = name.empty() ? variables.end() : variables.find(name);
  return found == variables.end() || found->second.empty() ? std::nullopt : std::optional{found->second};
}

/// Of `-m,--mode` the part that says more.
std::string long_name(const std::string& flag) { return flag.substr(flag.rfind(',') + 1); }

/// What is wrong with arguments that no setting took. Only flags are shown, without their values: what stands behind a
/// misspelt flag may be a secret.
std::string not_expected(int argc, const char* const* argv, const std::vector<std::string>& left) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view given{argv[i]};
    if (!given.starts_with('-') || std::find(left.begin(), left.end(), given) == left.end()) continue;
    return "there is no flag " + in_quotes(given.substr(0, given.find('=')));
  }
  return "there is an argument that is no flag and belongs to none";
}

}  // namespace

environment process_environment() {
  environment all;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view entry{*each};
    if (const auto equals = entry.find('='); equals != std::string_view::npos) {
      all.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return all;
}

options::options(std::string program, std::string about, std::string version)
    : program_(std::move(program)), about_(std::move(about)), version_(std::move(version)) {}

void options::add_text(names named, std::string accepts, std::string default_text,
                       std::function<bool(std::string_view)> assign) {
  setting added;
  added.named = std::move(named);
  added.accepts = std::move(accepts);
  added.default_text = std::move(default_text);
  added.assign = std::move(assign);
  settings_.push_back(std::move(added));
}

void options::add_secret(std::string& target, names named) {
  auto how = visible_text("a secret");
  add(target, named, how);
  auto& added = settings_.back();
  added.secret = true;
  added.file_flag = named.flag + "-file";
  if (!named.variable.empty()) added.file_variable = named.variable + "_FILE";
}

void options::add_switch(bool& target, names named) { switches_.push_back({&target, std::move(named)}); }

std::optional<early_exit> options::parse(int argc, const char* const* argv, const environment& variables) {
  if (auto exit = read_flags(argc, argv)) return exit;
  for (auto& each : settings_)
    if (auto exit = apply(each, variables)) return exit;
  for (auto& each : switches_)
    if (auto exit = apply(each, variables)) return exit;
  return std::nullopt;
}

std::optional<early_exit> options::read_flags(int argc, const char* const* argv) {
  CLI::App parser{about_, program_};
  parser.set_help_flag("-h,--help", "Print this help and exit");
  parser.set_version_flag("--version", program_ + " " + version_);
  for (auto& each : settings_) {
    auto* added = parser.add_option(each.named.flag, each.flag_texts,
                                    help_text(each.named.help, each.named.variable, each.default_text));
    // Without the last, CLI11 takes "[a,b]" for two values.
    added->expected(1)->type_name("TEXT")->allow_extra_args(false);
    if (each.repeats) added->take_all();
    if (each.secret) {
      parser.add_option(
          each.file_flag, each.file_flag_text,
          help_text("A file whose first line is the value of " + each.named.flag, each.file_variable, ""));
    }
  }
  std::vector<CLI::Option*> flags;
  for (auto& each : switches_) {
    flags.push_back(
        parser.add_flag(each.named.flag, *each.target, help_text(each.named.help, each.named.variable, "")));
  }
  try {
    parser.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return early_exit{0, parser.help()};
  } catch (const CLI::CallForVersion&) {
    return early_exit{0, program_ + " " + version_ + "\n"};
  } catch (const CLI::ExtrasError&) {
    return complaint(not_expected(argc, argv, parser.remaining()) + " (see --help)");
  } catch (const CLI::ParseError& error) {
    return complaint(printable(error.what()) + " (see --help)");
  }
  for (std::size_t i = 0; i < flags.size(); ++i) switches_[i].is_flagged = flags[i]->count() > 0;
  return std::nullopt;
}

std::optional<early_exit> options::apply(switch_setting& each, const environment& variables) const {
  const auto given = variable(variables, each.named.variable);
  if (!given || each.is_flagged) return std::nullopt;
  *each.target = *given == "1" || *given == "true";
  if (*each.target || *given == "0" || *given == "false") return std::nullopt;
  return complaint(each.named.variable + " is " + in_quotes(*given) + ", but must be 1, true, 0 or false");
}

std::optional<early_exit> options::apply(setting& each, const environment& variables) {
  std::string source = long_name(each.named.flag);
  auto given = each.flag_texts;
  if (given.empty()) {
    if (auto value = variable(variables, each.named.variable)) given.push_back(std::move(*value));
    source = each.named.variable;
  }
  if (each.secret) {
    const auto file = each.file_flag_text ? each.file_flag_text : variable(variables, each.file_variable);
    const auto& file_source = each.file_flag_text ? each.file_flag : each.file_variable;
    if (file && !given.empty()) return complaint(source + " and " + file_source + " are both set; which is meant?");
    if (file) return apply_file(each, file_source, *file);
  }
  for (const auto& text : given) {
    if (each.assign(text)) continue;
    const std::string was = each.secret ? "something else" : in_quotes(text);
    return complaint(source + " is " + was + ", but must be " + each.accepts);
  }
  return std::nullopt;
}

std::optional<early_exit> options::apply_file(setting& each, std::string_view source, const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  // No longer than any secret: `/dev/zero` has no end.
  std::array<char, 4096> text{};
  file.getline(text.data(), text.size());
  std::string line{text.data()};
  if (file.fail() && file.gcount() == text.size() - 1) {
    return complaint(std::string{source} + " names " + in_quotes(path) + ", whose first line is too long");
  }
  if (file.gcount() == 0) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "it is empty";
    return complaint(std::string{source} + " names " + in_quotes(path) + ", which cannot be read: " + reason);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (each.assign(line)) return std::nullopt;
  return complaint(std::string{source} + " names " + in_quotes(path) + ", whose first line must be " + each.accepts);
}

early_exit options::complaint(std::string line) const {
  return {usage_error, program_ + ": " + std::move(line) + "\n"};
}

}  // namespace cohort::config
