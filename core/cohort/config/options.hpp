// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/config/api_keys.hpp>
#include <cohort/config/process_secrets.hpp>
#include <cohort/config/value_parsers.hpp>

namespace cohort::config {

/// Environment variables: name to value.
using environment = std::map<std::string, std::string, std::less<>>;

/// Returns a copy of the environment of the process. Must not be called while another thread changes the environment.
environment process_environment();

/// A request to exit the program: the caller prints `text` (to standard output if `status` is 0, otherwise to standard
/// error) and exits with `status`.
struct early_exit {
  int status;
  std::string text;
};

/// The effective value of a setting, and its source.
struct setting_report {
  enum class value_source { default_value, flag, variable };
  /// The long form, with dashes: `--port`.
  std::string flag;
  /// The environment variable; empty if there is none.
  std::string variable;
  /// The given value, or the text of the default value. The user information of a URL is redacted. For a secret:
  /// `(secret)`, or empty if it is not set.
  std::string value;
  value_source source = value_source::default_value;
  /// The file of a secret; empty if it was not read from a file.
  std::string file;
};

/// The settings of a program, each a command-line flag and optionally an environment variable. The flag takes
/// precedence; an empty variable counts as unset.
class options {
 public:
  struct option_spec {
    /// The flag with its dashes: `--port`, or `-m,--mode` with a short form.
    std::string flag;
    /// The environment variable; empty if there is none.
    std::string variable;
    /// Description for `--help`.
    std::string help;
  };

  /// `description` is the first line of `--help`; `version` is printed by `--version` after the program's name.
  options(std::string program, std::string description, std::string version);

  /// Adds a setting with one value. `target` contains the default, which `--help` shows as `default_text`. `parse`
  /// overwrites `target` if the setting is given. `target` must outlive the options.
  template <class T>
  void add(T& target, option_spec spec, value_parser<T> parser, std::string default_text = {}) {
    add_setting(std::move(spec), parser.accepted_values, std::move(default_text),
                [&target, parse = std::move(parser.parse)](std::string_view text) {
                  auto value = parse(text);
                  if (value) target = std::move(*value);
                  return value.has_value();
                });
  }
  template <class T>
  void add(std::optional<T>& target, option_spec spec, value_parser<T> parser, std::string default_text = {}) {
    add_setting(std::move(spec), parser.accepted_values, std::move(default_text),
                [&target, parse = std::move(parser.parse)](std::string_view text) {
                  target = parse(text);
                  return target.has_value();
                });
  }
  /// Adds a flag that can be given repeatedly; each use appends to `targets`. Lists have no environment variable.
  template <class T>
  void add_list(std::vector<T>& targets, option_spec spec, value_parser<T> parser) {
    add_setting(std::move(spec), parser.accepted_values, {},
                [&targets, parse = std::move(parser.parse)](std::string_view text) {
                  auto value = parse(text);
                  if (value) targets.push_back(std::move(*value));
                  return value.has_value();
                });
    settings_.back().is_list = true;
  }
  /// Adds a setting whose value is never printed. The value can also be the first line of a file: flag `<flag>-file`,
  /// variable `<VARIABLE>_FILE`. Setting both is an error. `file_path`, if given, receives the path of the file for
  /// reloads, and must outlive the options.
  void add_secret(std::string& target, option_spec spec, std::string* file_path = nullptr);
  /// Adds a setting for an API key; its file may contain several keys (`read_api_key_file`). Otherwise like
  /// `add_secret`.
  void add_api_keys(api_key_list& target, option_spec spec, std::string* file_path = nullptr);
  /// Adds a flag without a value.
  void add_switch(bool& target, std::string flag, std::string help) {
    add_switch(target, option_spec{std::move(flag), "", std::move(help)});
  }
  /// Adds a flag without a value. Its environment variable has the value `1`, `true`, `0` or `false`; the case is
  /// ignored.
  void add_switch(bool& target, option_spec spec);

  /// Reads the command line and the environment into the targets. Returns an empty optional if the program should
  /// continue, and status 0 for `--help` and `--version`. For the first invalid setting, returns status 2 and one line
  /// with its name, its value and the accepted values.
  std::optional<early_exit> parse(int argc, const char* const* argv, const environment& variables);
  /// The flags and variables of the secret settings.
  secret_names secrets() const;
  /// Returns all settings with their sources. Must be called after `parse`.
  std::vector<setting_report> report() const;

 private:
  struct setting {
    option_spec spec;
    std::string accepted_values;
    std::string default_text;
    /// Parses a string and assigns the value to the target. Returns false if the string is invalid.
    std::function<bool(std::string_view)> assign;
    std::string file_flag;
    std::string file_variable;
    std::string file_help;
    std::string* file_path = nullptr;
    /// Reads the file and assigns its value to the target. Returns the error, or an empty string.
    std::function<std::string(const std::string& path)> read_file;
    bool is_secret = false;
    bool is_list = false;
    std::vector<std::string> flag_values;
    std::optional<std::string> file_flag_value;
    /// Set by `parse`.
    setting_report report;
  };
  struct switch_setting {
    bool* target;
    option_spec spec;
    bool is_set_by_flag = false;
    bool is_set_by_variable = false;
  };

  void make_secret(setting& new_setting, std::string file_help, std::string* file_path,
                   std::function<std::string(const std::string&)> read_file) const;
  void add_setting(option_spec spec, std::string accepted_values, std::string default_text,
                   std::function<bool(std::string_view)> assign);
  std::optional<early_exit> read_flags(int argc, const char* const* argv);
  std::optional<early_exit> apply(setting& setting, const environment& variables);
  std::optional<early_exit> apply(switch_setting& setting, const environment& variables) const;
  std::optional<early_exit> apply_file(const setting& setting, std::string_view source, const std::string& path);
  early_exit usage_error(std::string line) const;

  std::string program_;
  std::string description_;
  std::string version_;
  std::vector<setting> settings_;
  std::vector<switch_setting> switches_;
};

}  // namespace cohort::config
