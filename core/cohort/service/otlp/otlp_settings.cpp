// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/otlp_settings.hpp>

#include <algorithm>
#include <boost/url/pct_string_view.hpp>
#include <charconv>

#include <cohort/config/redaction.hpp>
#include <cohort/config/value_parsers.hpp>
#include <cohort/http/message/field.hpp>

namespace cohort::service {
namespace {

using pair_list = std::vector<std::pair<std::string, std::string>>;

/// `name=value` pairs, separated by commas; the values are percent-encoded (W3C Baggage).
std::optional<pair_list> parse_pairs(std::string_view text) {
  pair_list pairs;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto entry = http::trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty()) continue;
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    const auto value = boost::urls::make_pct_string_view(http::trimmed(entry.substr(equals + 1)));
    if (!value) return std::nullopt;
    pairs.emplace_back(http::trimmed(entry.substr(0, equals)), value->decode());
  }
  return pairs;
}

config::value_parser<pair_list> header_list() {
  return {[](std::string_view text) -> std::optional<pair_list> {
            auto pairs = parse_pairs(text);
            if (!pairs) return std::nullopt;
            for (const auto& [name, value] : *pairs) {
              if (!http::is_token(name) || !http::is_field_value(value)) return std::nullopt;
            }
            return pairs;
          },
          "header fields as name=value, separated by commas, with percent-encoded values"};
}

config::value_parser<pair_list> attribute_list() {
  return {parse_pairs, "attributes as name=value, separated by commas, with percent-encoded values"};
}

config::value_parser<double> ratio() {
  return {[](std::string_view text) -> std::optional<double> {
            double number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
            return number >= 0 && number <= 1 ? std::optional{number} : std::nullopt;
          },
          "a number from 0 to 1"};
}

/// Reads variables up to the first error.
class reader {
 public:
  explicit reader(const std::function<std::string(const std::string&)>& variable) : read_variable_(variable) {}

  /// The value of the first of `names` that is set. An empty variable counts as unset.
  template <class T>
  std::optional<T> read(std::initializer_list<std::string> names, const config::value_parser<T>& parser,
                        bool is_secret = false) {
    for (const auto& name : names) {
      const auto text = read_variable_(name);
      if (text.empty()) continue;
      auto value = parser.parse(text);
      report(name, is_secret ? "(secret)" : config::redact_userinfo(text));
      if (!value) {
        fail(name + " is " +
             (is_secret ? "an invalid value (not shown)" : "\"" + config::redact_userinfo(text) + "\"") +
             ", but must be " + parser.accepted_values);
      }
      return value;
    }
    return std::nullopt;
  }
  template <class T>
  void read(T& target, std::initializer_list<std::string> names, const config::value_parser<T>& parser,
            bool is_secret = false) {
    if (auto value = read(names, parser, is_secret)) target = std::move(*value);
  }
  std::optional<duration> milliseconds(std::initializer_list<std::string> names) {
    auto parser = config::integer(1, 3'600'000);
    parser.accepted_values += " (milliseconds)";
    const auto count = read(names, parser);
    return count ? std::optional<duration>{std::chrono::milliseconds{*count}} : std::nullopt;
  }
  void fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }
  const std::string& error() const noexcept { return error_; }
  /// The variables that are used.
  std::vector<config::setting_report> take_report() { return std::move(used_variables_); }

 private:
  /// The common variables are read for each signal.
  void report(const std::string& name, std::string value) {
    if (std::ranges::find(used_variables_, name, &config::setting_report::variable) != used_variables_.end()) return;
    used_variables_.push_back(
        {.variable = name, .value = std::move(value), .source = config::setting_report::value_source::variable});
  }

  const std::function<std::string(const std::string&)>& read_variable_;
  std::string error_;
  std::vector<config::setting_report> used_variables_;
};

/// A variable of a signal, such as `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, which takes precedence over the common
/// variable.
struct signal_names {
  std::string signal;  // TRACES, LOGS
  std::string batch;   // BSP, BLRP

  std::string signal_variable(const char* name) const { return "OTEL_EXPORTER_OTLP_" + signal + "_" + name; }
  static std::string common_variable(const char* name) { return std::string{"OTEL_EXPORTER_OTLP_"} + name; }
  std::string batch_variable(const char* name) const { return "OTEL_" + batch + "_" + name; }
};

/// The URL of a signal is used unchanged; the path of the signal is appended to the common URL.
std::optional<boost::urls::url> read_url(reader& input, const signal_names& names, const char* path) {
  if (auto url = input.read({names.signal_variable("ENDPOINT")}, config::http_url())) {
    if (url->encoded_path().empty()) url->set_path_absolute(true);
    return url;
  }
  auto url = input.read({signal_names::common_variable("ENDPOINT")}, config::http_url());
  if (!url) return std::nullopt;
  std::string base{url->encoded_path()};
  if (base.ends_with('/')) base.pop_back();
  url->set_encoded_path(base + path);
  return url;
}

void read_limits(reader& input, const signal_names& names, telemetry::export_queue_limits& limits) {
  const auto count = config::integer(1, 1'000'000);
  if (const auto items = input.read({names.batch_variable("MAX_QUEUE_SIZE")}, count)) {
    limits.max_items = static_cast<std::size_t>(*items);
  }
  limits.max_batch_items = std::min(limits.max_batch_items, limits.max_items);
  if (const auto items = input.read({names.batch_variable("MAX_EXPORT_BATCH_SIZE")}, count)) {
    limits.max_batch_items = static_cast<std::size_t>(*items);
    if (limits.max_batch_items > limits.max_items) {
      input.fail(names.batch_variable("MAX_EXPORT_BATCH_SIZE") + " is \"" + std::to_string(*items) +
                 "\", but must be at most " + names.batch_variable("MAX_QUEUE_SIZE") + " (" +
                 std::to_string(limits.max_items) + ")");
    }
  }
}

std::optional<otlp_target> read_target(reader& input, const signal_names& names, const char* path,
                                       duration schedule_delay) {
  otlp_target target;
  target.schedule_delay = schedule_delay;
  const auto url = read_url(input, names, path);
  input.read(target.headers, {names.signal_variable("HEADERS"), signal_names::common_variable("HEADERS")},
             header_list(), true);
  const auto protocol = input.read({names.signal_variable("PROTOCOL"), signal_names::common_variable("PROTOCOL")},
                                   config::one_of({"http/protobuf", "http/json"}));
  if (protocol == "http/json") target.encoding = telemetry::otlp_encoding::json;
  const auto compression =
      input.read({names.signal_variable("COMPRESSION"), signal_names::common_variable("COMPRESSION")},
                 config::one_of({"none", "gzip"}));
  target.gzip = compression == "gzip";
  if (const auto timeout =
          input.milliseconds({names.signal_variable("TIMEOUT"), signal_names::common_variable("TIMEOUT")})) {
    target.request_timeout = *timeout;
  }
  if (const auto timeout = input.milliseconds({names.batch_variable("EXPORT_TIMEOUT")}))
    target.export_timeout = *timeout;
  if (const auto delay = input.milliseconds({names.batch_variable("SCHEDULE_DELAY")})) target.schedule_delay = *delay;
  read_limits(input, names, target.limits);
  if (!url) return std::nullopt;
  target.url = *url;
  return target;
}

void read_sampler(reader& input, otlp_settings& settings) {
  const auto name = input.read({"OTEL_TRACES_SAMPLER"},
                               config::one_of({"always_on", "always_off", "traceidratio", "parentbased_always_on",
                                               "parentbased_always_off", "parentbased_traceidratio"}));
  const auto share = input.read({"OTEL_TRACES_SAMPLER_ARG"}, ratio());
  if (name) settings.sampler = *telemetry::make_sampler(*name, share.value_or(1));
}

/// `service.name` of `OTEL_RESOURCE_ATTRIBUTES` has the lower precedence.
void read_resource(reader& input, otlp_settings& settings) {
  input.read(settings.resource, {"OTEL_RESOURCE_ATTRIBUTES"}, attribute_list());
  std::erase_if(settings.resource, [&](auto& each) {
    if (each.first != "service.name") return false;
    settings.service_name = std::move(each.second);
    return true;
  });
  input.read(settings.service_name, {"OTEL_SERVICE_NAME"}, config::text());
}

}  // namespace

result<otlp_settings, std::string> otlp_settings_from_environment(
    const std::function<std::string(const std::string& name)>& variable) {
  reader input{variable};
  otlp_settings settings;
  const auto is_disabled = input.read({"OTEL_SDK_DISABLED"}, config::one_of({"true", "false"}));
  const auto traces = input.read({"OTEL_TRACES_EXPORTER"}, config::one_of({"otlp", "none"}));
  const auto logs = input.read({"OTEL_LOGS_EXPORTER"}, config::one_of({"otlp", "none"}));
  settings.traces = read_target(input, {"TRACES", "BSP"}, "/v1/traces", std::chrono::seconds{5});
  settings.logs = read_target(input, {"LOGS", "BLRP"}, "/v1/logs", std::chrono::seconds{1});
  read_sampler(input, settings);
  read_resource(input, settings);
  if (logs == "otlp" && !settings.logs) {
    input.fail(
        "OTEL_LOGS_EXPORTER is \"otlp\", but neither OTEL_EXPORTER_OTLP_ENDPOINT nor "
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is set; set one of them");
  }
  if (traces == "otlp" && !settings.traces) {
    input.fail(
        "OTEL_TRACES_EXPORTER is \"otlp\", but neither OTEL_EXPORTER_OTLP_ENDPOINT nor "
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set; set one of them");
  }
  if (!input.error().empty()) return input.error();
  settings.effective_settings = input.take_report();
  if (is_disabled == "true" || traces == "none") settings.traces.reset();
  // Unlike the SDKs, exports logs only on request, because logs are also written to standard error.
  if (is_disabled == "true" || logs != "otlp") settings.logs.reset();
  return settings;
}

std::vector<std::string> otlp_secret_variables() {
  return {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS"};
}

}  // namespace cohort::service
