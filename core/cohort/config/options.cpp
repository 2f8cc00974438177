// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/options.hpp>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include <cohort/config/redaction.hpp>
#include <cohort/config/secret.hpp>

extern char** environ;

namespace cohort::config {
namespace {

constexpr int usage_error_status = 2;

std::string help_text(const std::string& help, const std::string& variable, const std::string& default_text) {
  std::string text = help;
  if (!variable.empty()) text += " [" + variable + "]";
  if (!default_text.empty()) text += " (default: " + default_text + ")";
  return text;
}

/// Returns `value` with each byte that is not printable ASCII replaced by '?', so that it fits one line of a terminal.
std::string to_printable(std::string_view value) {
  std::string text;
  for (const char c : value) text += (c >= ' ' && c <= '~') ? c : '?';
  return text;
}

/// Quotes a value and truncates it to 80 characters; the user information of a URL is redacted.
std::string quote(std::string_view value) {
  constexpr std::size_t max_length = 80;
  // The value is redacted before it is truncated, because the text up to the `@` can be longer than the limit.
  const auto text = redact_userinfo(value);
  return '"' + to_printable(text.substr(0, max_length)) + (text.size() > max_length ? "…\"" : "\"");
}

/// Returns the value of a variable, or an empty optional if the variable is unset or empty.
std::optional<std::string> find_variable(const environment& variables, const std::string& name) {
  const auto found = name.empty() ? variables.end() : variables.find(name);
  return found == variables.end() || found->second.empty() ? std::nullopt : std::optional{found->second};
}

setting_report::value_source source_of(bool is_set_by_flag) noexcept {
  return is_set_by_flag ? setting_report::value_source::flag : setting_report::value_source::variable;
}

/// Appends `added` to the comma-separated `values` of a list.
void append_value(std::string& values, std::string_view added) {
  if (!values.empty()) values += ", ";
  values += added;
}

/// Returns the long form of a flag: `--mode` for `-m,--mode`.
std::string long_name(const std::string& flag) { return flag.substr(flag.rfind(',') + 1); }

/// Returns the error for arguments that no setting accepts. The error does not contain values, because the argument
/// after a misspelled flag can be a secret.
std::string describe_unexpected_argument(int argc, const char* const* argv,
                                         const std::vector<std::string>& remaining_arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument{argv[i]};
    if (!argument.starts_with('-') ||
        std::find(remaining_arguments.begin(), remaining_arguments.end(), argument) == remaining_arguments.end()) {
      continue;
    }
    return "unknown option " + quote(argument.substr(0, argument.find('=')));
  }
  return "unexpected positional argument, not shown because it can be a secret";
}

}  // namespace

environment process_environment() {
  environment variables;
  for (char** variable = environ; variable && *variable; ++variable) {
    const std::string_view entry{*variable};
    if (const auto equals = entry.find('='); equals != std::string_view::npos) {
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

options::options(std::string program, std::string description, std::string version)
    : program_(std::move(program)), description_(std::move(description)), version_(std::move(version)) {}

void options::add_setting(option_spec spec, std::string accepted_values, std::string default_text,
                          std::function<bool(std::string_view)> assign) {
  setting new_setting;
  new_setting.spec = std::move(spec);
  new_setting.accepted_values = std::move(accepted_values);
  new_setting.default_text = std::move(default_text);
  new_setting.assign = std::move(assign);
  settings_.push_back(std::move(new_setting));
}

void options::make_secret(setting& new_setting, std::string file_help, std::string* file_path,
                          std::function<std::string(const std::string&)> read_file) const {
  new_setting.is_secret = true;
  new_setting.file_path = file_path;
  new_setting.file_help = std::move(file_help);
  new_setting.read_file = std::move(read_file);
  new_setting.file_flag = new_setting.spec.flag + "-file";
  if (!new_setting.spec.variable.empty()) new_setting.file_variable = new_setting.spec.variable + "_FILE";
}

void options::add_secret(std::string& target, option_spec spec, std::string* file_path) {
  auto file_help = "File whose first line is the value of " + spec.flag;
  add(target, std::move(spec), visible_ascii("a secret"));
  make_secret(settings_.back(), std::move(file_help), file_path, [&target](const std::string& path) {
    auto file = read_secret_file(path);
    if (file.error.empty()) target = std::move(file.secret);
    return std::move(file.error);
  });
}

void options::add_api_keys(api_key_list& target, option_spec spec, std::string* file_path) {
  auto parser = visible_ascii("a secret");
  add_setting(std::move(spec), parser.accepted_values, {},
              [&target, parse = std::move(parser.parse)](std::string_view text) {
                auto key = parse(text);
                if (key) target = single_api_key(std::move(*key));
                return key.has_value();
              });
  make_secret(settings_.back(), "File with one key per line, \"name: key\" or only the key", file_path,
              [&target](const std::string& path) {
                auto file = read_api_key_file(path);
                if (file.error.empty()) target = std::move(file.keys);
                return std::move(file.error);
              });
}

void options::add_switch(bool& target, option_spec spec) { switches_.push_back({&target, std::move(spec)}); }

std::optional<early_exit> options::parse(int argc, const char* const* argv, const environment& variables) {
  if (auto exit = read_flags(argc, argv)) return exit;
  for (auto& setting : settings_)
    if (auto exit = apply(setting, variables)) return exit;
  for (auto& setting : switches_)
    if (auto exit = apply(setting, variables)) return exit;
  return std::nullopt;
}

secret_names options::secrets() const {
  secret_names names;
  for (const auto& setting : settings_) {
    if (!setting.is_secret) continue;
    names.flags.push_back(long_name(setting.spec.flag));
    if (!setting.spec.variable.empty()) names.variables.push_back(setting.spec.variable);
  }
  return names;
}

std::vector<setting_report> options::report() const {
  using enum setting_report::value_source;
  std::vector<setting_report> result;
  for (const auto& setting : settings_) {
    auto& added = result.emplace_back(setting.report);
    added.flag = long_name(setting.spec.flag);
    added.variable = setting.spec.variable;
    if (setting.is_secret) {
      added.value = added.source == default_value ? "" : "(secret)";
    } else if (added.source == default_value) {
      added.value = redact_userinfo(setting.default_text);
    }
  }
  for (const auto& setting : switches_) {
    const auto source = setting.is_set_by_flag ? flag : setting.is_set_by_variable ? variable : default_value;
    result.push_back({.flag = long_name(setting.spec.flag),
                      .variable = setting.spec.variable,
                      .value = *setting.target ? "true" : "false",
                      .source = source});
  }
  return result;
}

std::optional<early_exit> options::read_flags(int argc, const char* const* argv) {
  CLI::App app{description_, program_};
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", program_ + " " + version_);
  for (auto& setting : settings_) {
    auto* option = app.add_option(setting.spec.flag, setting.flag_values,
                                  help_text(setting.spec.help, setting.spec.variable, setting.default_text));
    // Without `allow_extra_args(false)`, CLI11 parses "[a,b]" as two values.
    option->expected(1)->type_name("TEXT")->allow_extra_args(false);
    if (setting.is_list) option->take_all();
    if (setting.is_secret) {
      app.add_option(setting.file_flag, setting.file_flag_value,
                     help_text(setting.file_help, setting.file_variable, ""));
    }
  }
  std::vector<CLI::Option*> switch_options;
  for (auto& setting : switches_) {
    switch_options.push_back(
        app.add_flag(setting.spec.flag, *setting.target, help_text(setting.spec.help, setting.spec.variable, "")));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return early_exit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return early_exit{0, program_ + " " + version_ + "\n"};
  } catch (const CLI::ExtrasError&) {
    return usage_error(describe_unexpected_argument(argc, argv, app.remaining()) + " (see --help)");
  } catch (const CLI::ParseError& error) {
    return usage_error(to_printable(redact_userinfo(error.what())) + " (see --help)");
  }
  for (std::size_t i = 0; i < switch_options.size(); ++i) switches_[i].is_set_by_flag = switch_options[i]->count() > 0;
  return std::nullopt;
}

std::optional<early_exit> options::apply(switch_setting& setting, const environment& variables) const {
  const auto value = find_variable(variables, setting.spec.variable);
  if (!value || setting.is_set_by_flag) return std::nullopt;
  const auto word = one_of({"1", "true", "0", "false"}).parse(*value);
  *setting.target = word == "1" || word == "true";
  setting.is_set_by_variable = true;
  if (word) return std::nullopt;
  return usage_error(setting.spec.variable + " is " + quote(*value) + ", but must be 1, true, 0 or false");
}

std::optional<early_exit> options::apply(setting& setting, const environment& variables) {
  std::string source = long_name(setting.spec.flag);
  auto values = setting.flag_values;
  if (values.empty()) {
    if (auto value = find_variable(variables, setting.spec.variable)) values.push_back(std::move(*value));
    source = setting.spec.variable;
  }
  if (setting.is_secret) {
    const auto path =
        setting.file_flag_value ? setting.file_flag_value : find_variable(variables, setting.file_variable);
    const auto& file_source = setting.file_flag_value ? setting.file_flag : setting.file_variable;
    if (path) setting.report = {.source = source_of(setting.file_flag_value.has_value()), .file = *path};
    if (path && !values.empty()) {
      return usage_error(source + " and " + file_source + " are both set; set only one of them");
    }
    if (path) return apply_file(setting, file_source, *path);
  }
  if (!values.empty()) setting.report.source = source_of(!setting.flag_values.empty());
  for (const auto& value : values) {
    if (!setting.is_secret) append_value(setting.report.value, redact_userinfo(value));
    if (setting.assign(value)) continue;
    const std::string displayed_value = setting.is_secret ? "an invalid value (not shown)" : quote(value);
    return usage_error(source + " is " + displayed_value + ", but must be " + setting.accepted_values);
  }
  return std::nullopt;
}

std::optional<early_exit> options::apply_file(const setting& setting, std::string_view source,
                                              const std::string& path) {
  const auto error = setting.read_file(path);
  if (!error.empty()) return usage_error(std::string{source} + " is " + quote(path) + ", " + error);
  if (setting.file_path) *setting.file_path = path;
  return std::nullopt;
}

early_exit options::usage_error(std::string line) const {
  return {usage_error_status, program_ + ": " + std::move(line) + "\n"};
}

}  // namespace cohort::config
