// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/fingerprint.hpp"

#include <cstdint>
#include <cstdio>

namespace cohort::loadgen {
namespace {

/// Returns the FNV-1a hash (Fowler, Noll and Vo) as 16 hexadecimal digits.
std::string hash_text(const std::string& content) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

/// Formats a duration in seconds with enough digits to be exact.
std::string format_exact_seconds(duration value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", to_seconds(value));
  return text;
}

std::string format_exact_rate(request_rate rate) { return format_exact_seconds(duration{rate.millionths * 1000}); }

std::string describe_stages(const std::vector<load_stage>& stages) {
  std::string text;
  for (const auto& stage : stages) {
    text += (text.empty() ? "" : " ") + format_exact_seconds(stage.length) + ":" + format_exact_rate(stage.rate) +
            (stage.is_step ? ":step" : "");
  }
  return text;
}

std::string describe_target(const target& target) {
  return std::string{boost::beast::http::to_string(target.request.method)} + " " +
         std::string{target.request.url.buffer()} + " weight " + std::to_string(target.weight);
}

/// The header fields that loadgen adds are excluded: they contain its version.
std::string request_content(const std::vector<target>& targets) {
  std::string content;
  for (const auto& target : targets) {
    if (!target.request.host.empty()) content += "Host: " + target.request.host + "\n";
    for (const auto& [name, value] : target.request.fields) content += name + ": " + value + "\n";
    content += target.request.body + "\n" + target.expected_body + "\n";
  }
  return content;
}

std::string describe_overrides(const address_overrides& overrides) {
  std::string text;
  for (const auto& change : overrides.connect_to) {
    text += " connect-to " + change.host + ":" + std::to_string(change.port) + ":" + change.new_host + ":" +
            std::to_string(change.new_port);
  }
  for (const auto& known : overrides.resolve) {
    text += " resolve " + known.host + ":" + std::to_string(known.port);
    for (const auto& address : known.addresses) text += ":" + address.to_string();
  }
  return text.empty() ? text : text.substr(1);
}

std::string describe_tls(const net::tls_client_settings& tls) {
  std::string text;
  if (!tls.verifies_server) text += " unverified";
  if (!tls.certificate_chain.empty()) text += " with a client certificate";
  if (!tls.server_name.empty()) text += " server name " + tls.server_name;
  return text.empty() ? text : text.substr(1);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> make_fingerprint(const run_configuration& configuration,
                                                                  const std::vector<load_stage>& stages) {
  const auto& load = configuration.load;
  std::vector<std::pair<std::string, std::string>> fingerprint;
  const auto add = [&](std::string name, std::string value) {
    fingerprint.emplace_back(std::move(name), std::move(value));
  };
  add("mode", configuration.mode);
  add("rate", load.closed_loop ? "max" : format_exact_rate(configuration.rate));
  add("duration_s", format_exact_seconds(configuration.length));
  if (configuration.mode == "stages") add("stages", describe_stages(stages));
  const bool is_poisson = load.arrivals == arrival_process::poisson;
  add("arrivals", is_poisson ? "Poisson arrivals, seed " + std::to_string(load.seed) : "constant");
  for (const auto& target : load.targets) add("target " + target.name, describe_target(target));
  add("headers and bodies", hash_text(request_content(load.targets)));
  // These settings are added only if they are set, so that runs without them match baselines of earlier versions.
  if (const auto overrides = describe_overrides(configuration.overrides); !overrides.empty())
    add("addresses", overrides);
  if (const auto tls = describe_tls(load.tls); !tls.empty()) add("tls", tls);
  add("connections", std::to_string(load.connections));
  add("keep_alive", load.keep_alive ? "yes" : "no");
  add("threads", std::to_string(configuration.threads));
  add("timeout_s", format_exact_seconds(load.timeout));
  if (load.callers.patience) add("patience_s", format_exact_seconds(*load.callers.patience));
  if (load.callers.max_retries > 0) {
    add("retries",
        std::to_string(load.callers.max_retries) + ", backoff " + format_exact_seconds(load.callers.backoff) + " s");
  }
  add("deadline_s", load.deadline ? format_exact_seconds(*load.deadline) : "none");
  return fingerprint;
}

}  // namespace cohort::loadgen
