// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/scenario.hpp"

#include <algorithm>
#include <functional>

#include <cohort/config/redaction.hpp>
#include <cohort/json/parser.hpp>
#include "loadgen/options/read_file.hpp"

namespace cohort::loadgen {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// The error of a value: the part of the message after the name. Empty on success.
using value_error = std::optional<std::string>;

/// Maximum number of bytes of a key or value in an error message.
constexpr std::size_t max_quoted_length = 80;

std::string quote_key(std::string_view key) {
  auto quoted = config::redact_userinfo(key).substr(0, max_quoted_length);
  for (char& c : quoted) c = c >= ' ' && c <= '~' ? c : '?';
  return '"' + quoted + '"';
}

/// The start of a value, without the password of a URL.
std::string quote_value(element value) {
  return config::redact_userinfo(simdjson::minify(value)).substr(0, max_quoted_length);
}

/// A string, number or boolean in the format of the command line.
std::optional<std::string> to_flag_text(element value) {
  if (value.is_string()) return std::string{std::string_view{value}};
  if (value.is_number() || value.is_bool()) return simdjson::minify(value);
  return std::nullopt;
}

/// Reads the members of one JSON object.
class object_reader {
 public:
  /// `name` starts the error messages.
  explicit object_reader(std::string name) : name_(std::move(name)) {}

  template <class T, class Assign>
  void add(std::string key, config::value_parser<T> parser, Assign assign) {
    add_reader(std::move(key), [parser = std::move(parser), assign](element value) -> value_error {
      const auto text = to_flag_text(value);
      auto parsed = text ? parser.parse(*text) : std::nullopt;
      if (!parsed) return "is " + quote_value(value) + ", but must be " + parser.accepted_values;
      assign(std::move(*parsed));
      return std::nullopt;
    });
  }
  void add_reader(std::string key, std::function<value_error(element)> read) {
    readers_.emplace_back(std::move(key), std::move(read));
  }

  value_error read(element value) const {
    object members;
    if (value.get(members) != simdjson::SUCCESS) return name_ + " must be an object";
    for (const auto& [key, content] : members) {
      const auto reader =
          std::find_if(readers_.begin(), readers_.end(), [&](const auto& entry) { return entry.first == key; });
      if (reader == readers_.end()) return name_ + " has an unknown key " + quote_key(key);
      if (const auto error = reader->second(content)) return name_ + ": " + std::string{key} + " " + *error;
    }
    return std::nullopt;
  }

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::function<value_error(element)>>> readers_;
};

/// Reads an array with `read(element, number)`, where the numbers start at 1.
template <class Read>
std::function<value_error(element)> array_reader(Read read) {
  return [read](element value) -> value_error {
    simdjson::dom::array elements;
    if (value.get(elements) != simdjson::SUCCESS) return "must be an array";
    std::size_t number = 0;
    for (const auto next : elements)
      if (auto error = read(next, ++number)) return error;
    return std::nullopt;
  };
}

value_error read_stage(element value, std::size_t number, run_options& options) {
  const auto name = "number " + std::to_string(number);
  load_stage stage;
  std::optional<duration> length;
  std::optional<request_rate> rate;
  object_reader reader{name};
  reader.add("duration", stage_length_parser(), [&](duration parsed) { length = parsed; });
  reader.add("rate", stage_rate_parser(), [&](request_rate request_rate) { rate = request_rate; });
  reader.add("shape", config::one_of({"linear", "step"}),
             [&](const std::string& shape) { stage.is_step = shape == "step"; });
  if (auto error = reader.read(value)) return error;
  if (!length || !rate) return name + " needs a duration and a rate";
  stage.length = *length;
  stage.rate = *rate;
  options.stages.push_back(stage);
  return std::nullopt;
}

value_error read_headers(element value, target_options& target) {
  object members;
  if (value.get(members) != simdjson::SUCCESS) return "must be an object";
  for (const auto& [key, content] : members) {
    const auto text = to_flag_text(content);
    const auto field = text ? header_parser().parse(std::string{key} + ": " + *text) : std::nullopt;
    // The value is not shown, because it can be a secret.
    if (!field) return "must be " + header_parser().accepted_values;
    target.fields.push_back(*field);
  }
  return std::nullopt;
}

value_error read_target(element value, std::size_t number, run_options& options) {
  const auto element_name = "number " + std::to_string(number);
  target_options target;
  std::optional<std::string> name;
  value_error body_error;
  object_reader reader{element_name};
  reader.add("name", target_name_parser(), [&](std::string parsed) { name = std::move(parsed); });
  // Name and weight have separate keys: `=` and `@` belong to the URL.
  reader.add("url", url_parser(), [&](boost::urls::url url) { target.location.url = std::move(url); });
  reader.add("weight", weight_parser(),
             [&](std::int64_t parsed) { target.location.weight = static_cast<unsigned>(parsed); });
  reader.add("method", method_parser(), [&](http::method method) { target.method = method; });
  reader.add("body", config::text(), [&](std::string parsed) { target.body = std::move(parsed); });
  reader.add("body_file", config::text(), [&](const std::string& path) {
    auto content = read_file(path);
    if (content) {
      target.body = std::move(*content);
    } else {
      body_error = content.error();
    }
  });
  reader.add("expect_body", config::text(), [&](std::string parsed) { target.expected_body = std::move(parsed); });
  reader.add_reader("headers", [&](element headers) { return read_headers(headers, target); });
  if (auto error = reader.read(value)) return error;
  if (body_error) return element_name + ": " + *body_error;
  if (target.location.url.empty()) return element_name + " needs a url";
  target.location.name = name ? *name : default_target_name(target.location.url);
  options.targets.push_back(std::move(target));
  return std::nullopt;
}

object_reader make_scenario_reader(const std::string& path, run_options& options) {
  const auto assign_to = [](auto& member) { return [&member](auto parsed) { member = std::move(parsed); }; };
  object_reader reader{path};
  reader.add("mode", mode_parser(), assign_to(options.mode));
  reader.add("rate", rate_parser(), assign_to(options.rate));
  reader.add("duration", length_parser(), assign_to(options.length));
  reader.add("arrivals", arrivals_parser(), assign_to(options.arrivals));
  reader.add("seed", seed_parser(), assign_to(options.seed));
  reader.add("connections", connections_parser(), assign_to(options.connections));
  reader.add("threads", threads_parser(), assign_to(options.threads));
  reader.add("timeout", timeout_parser(), assign_to(options.timeout));
  reader.add("deadline", deadline_parser(), assign_to(options.deadline));
  reader.add("patience", patience_parser(), assign_to(options.patience));
  reader.add("retries", retries_parser(), assign_to(options.retries));
  reader.add("retry_backoff", retry_backoff_parser(), assign_to(options.retry_backoff));
  reader.add("keep_alive", config::one_of({"true", "false"}),
             [&options](const std::string& flag) { options.keep_alive = flag == "true"; });
  reader.add_reader("stages", array_reader([&options](element value, std::size_t number) {
                      return read_stage(value, number, options);
                    }));
  reader.add_reader("targets", array_reader([&options](element value, std::size_t number) {
                      return read_target(value, number, options);
                    }));
  reader.add_reader("slo", array_reader([&options](element value, std::size_t) -> value_error {
                      if (!value.is_string()) return "must be an array of strings";
                      options.objectives.emplace_back(std::string_view{value});
                      return std::nullopt;
                    }));
  return reader;
}

}  // namespace

result<run_options, std::string> read_scenario(const std::string& path) {
  using scenario_result = result<run_options, std::string>;
  const auto content = read_file(path);
  if (!content) return scenario_result(boost::system::in_place_error, content.error());
  auto scenario = json::parse(*content, [&](element root) -> result<std::pair<run_options, value_error>> {
    std::pair<run_options, value_error> read;
    read.second = make_scenario_reader(path, read.first).read(root);
    return read;
  });
  if (!scenario) return scenario_result(boost::system::in_place_error, path + " is not JSON");
  if (scenario->second) return scenario_result(boost::system::in_place_error, *scenario->second);
  return std::move(scenario->first);
}

}  // namespace cohort::loadgen
