#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/rules.hpp"

namespace cohort::config {

using environment = std::map<std::string, std::string, std::less<>>;

/// The process's own, as it is now.
environment process_environment();

/// What a program should do instead of its work: print `text` (to standard output if `status` is zero, else to standard
/// error) and end with `status`.
struct early_exit {
  int status;
  std::string text;
};

/// A program's settings: each a flag and, where it has a name for that, an environment variable. The flag wins; an
/// empty variable counts as unset. Whatever is wrong becomes one line that names the setting, what it was and what it
/// may be.
class options {
 public:
  struct names {
    /// With its dashes: `--port`.
    std::string flag;
    /// Empty for none.
    std::string variable;
    std::string help;
  };

  options(std::string program, std::string about, std::string version);

  /// `target` holds the default, which `--help` shows as `default_text`; it is set by `parse`.
  template <class T>
  void add(T& target, names named, rule<T> how, std::string default_text = {}) {
    add_text(std::move(named), how.accepts, std::move(default_text),
             [&target, parse = std::move(how.parse)](std::string_view text) {
               auto value = parse(text);
               if (value) target = std::move(*value);
               return value.has_value();
             });
  }
  template <class T>
  void add(std::optional<T>& target, names named, rule<T> how, std::string default_text = {}) {
    add_text(std::move(named), how.accepts, std::move(default_text),
             [&target, parse = std::move(how.parse)](std::string_view text) {
               target = parse(text);
               return target.has_value();
             });
  }
  /// A flag that may be given more than once; each time adds to `targets`. It has no variable.
  template <class T>
  void add_list(std::vector<T>& targets, names named, rule<T> how) {
    add_text(std::move(named), how.accepts, {}, [&targets, parse = std::move(how.parse)](std::string_view text) {
      auto value = parse(text);
      if (value) targets.push_back(std::move(*value));
      return value.has_value();
    });
    settings_.back().repeats = true;
  }
  /// Also reads `<VARIABLE>_FILE` and its flag `<flag>-file`: the value is that file's first line. Never shown.
  void add_secret(std::string& target, names named);
  /// A flag without a value.
  void add_switch(bool& target, std::string flag, std::string help) {
    add_switch(target, names{std::move(flag), "", std::move(help)});
  }
  /// The same with a variable: `1` or `true`, `0` or `false`.
  void add_switch(bool& target, names named);

  std::optional<early_exit> parse(int argc, const char* const* argv, const environment& variables);

 private:
  struct setting {
    names named;
    std::string accepts;
    std::string default_text;
    std::function<bool(std::string_view)> assign;
    std::string file_flag;
    std::string file_variable;
    bool secret = false;
    bool repeats = false;
    std::vector<std::string> flag_texts;
    std::optional<std::string> file_flag_text;
  };
  struct switch_setting {
    bool* target;
    names named;
    bool is_flagged = false;
  };

  void add_text(names named, std::string accepts, std::string default_text,
                std::function<bool(std::string_view)> assign);
  std::optional<early_exit> read_flags(int argc, const char* const* argv);
  std::optional<early_exit> apply(setting& each, const environment& variables);
  std::optional<early_exit> apply(switch_setting& each, const environment& variables) const;
  std::optional<early_exit> apply_file(setting& each, std::string_view source, const std::string& path);
  early_exit complaint(std::string line) const;

  std::string program_;
  std::string about_;
  std::string version_;
  std::vector<setting> settings_;
  std::vector<switch_setting> switches_;
};

}  // namespace cohort::config
