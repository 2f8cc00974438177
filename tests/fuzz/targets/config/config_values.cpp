// SPDX-License-Identifier: BSL-1.0
// Fuzzes the values of flags and environment variables, and the redaction of secrets in error messages about these
// values.
#include <algorithm>
#include <array>
#include <string>

#include <boost/url/parse.hpp>

#include <cohort/config/redaction.hpp>
#include <cohort/config/value_parsers.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::config_values_target {
namespace {

void check_numbers(std::string_view text) {
  const auto number = config::integer(-5, 1000).parse(text);
  require(!number || (*number >= -5 && *number <= 1000), "an integer is in range");
  if (number)
    require(config::integer(-5, 1000).parse(std::to_string(*number)) == number,
            "parsing a printed integer returns the same integer");
  const auto port = config::port().parse(text);
  require(!port || config::port().parse(std::to_string(*port)) == port, "parsing a printed port returns the same port");
  const auto seconds = config::seconds(1, 3600).parse(text);
  require(!seconds || (seconds->count() >= 1 && seconds->count() <= 3600), "seconds are in range");
  const auto rate = config::event_rate().parse(text);
  if (!rate) return;
  const auto* const unit = rate->period.count() == 1 ? "/s" : rate->period.count() == 60 ? "/min" : "/hour";
  const auto again = config::event_rate().parse(std::to_string(rate->count) + unit);
  require(again && rate->count > 0 && again->count == rate->count && again->period == rate->period,
          "parsing a printed rate returns the same rate");
}

void check_words(std::string_view text) {
  const auto word = config::one_of({"json", "text"}, {{"plain", "text"}}).parse(text);
  require(!word || *word == "json" || *word == "text", "only the listed words are accepted");
  const auto secret = config::visible_ascii("a secret").parse(text);
  const bool is_visible = !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  require(secret.has_value() == is_visible, "a secret consists of visible ASCII characters");
  require(config::text().parse(text) == text, "any string is accepted");
  config::time_zone().parse(text);
}

void check_addresses(std::string_view text) {
  const auto address = config::ip_address().parse(text);
  require(!address || address->find_first_of(".:") != std::string::npos, "an IP address contains . or :");
  const auto url = config::http_url().parse(text);
  require(!url || (http::origin_of(*url) && !url->has_userinfo() && !url->has_query() && !url->has_fragment()),
          "a URL consists of an origin and a path");
}

/// Checks that no message contains the password of a URL.
void check_redaction(std::string_view text) {
  const auto redacted = config::redact_userinfo(text);
  require(config::redact_userinfo(redacted).size() <= redacted.size(), "redacted text is not longer than the original");
  const auto url = boost::urls::parse_uri(text);
  if (!url || !url->has_userinfo()) return;
  require(redacted.find(std::string{"//"} + std::string{url->encoded_userinfo()} + "@") == std::string::npos ||
              url->encoded_userinfo() == "***",
          "the user information of a URL is redacted");
}

void check_proxies(std::string_view text) {
  const auto proxy = http::parse_proxy(text);
  require(!proxy || (!proxy->address.host.empty() && proxy->address.port != 0), "a proxy has an address");
  require(!proxy || http::is_field_value(proxy->authorization), "a proxy's authorization is a single field");
  const auto exceptions = http::proxy_exceptions::parse(text);
  const bool all = exceptions.contains({false, "a.example", 80}) && exceptions.contains({false, "192.0.2.1", 81}) &&
                   exceptions.contains({true, "2001:db8::1", 443});
  require(!all || text.find('*') != std::string_view::npos || text.find_first_of(", \t") != std::string_view::npos,
          "a single exception does not match all hosts");
}

/// Each line is the value of a variable.
void check_environment(std::string_view text) {
  const auto values = lines(text);
  constexpr std::array<std::string_view, 5> names{"http_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy",
                                                  "REQUEST_METHOD"};
  const auto settings = http::proxies_from_environment([&](std::string_view name) {
    const auto index = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    return index < values.size() ? std::string{values[index]} : std::string{};
  });
  if (!settings) {
    require(settings.error().find("must be the URL of an HTTP proxy") != std::string::npos,
            "an error lists the accepted values");
    return;
  }
  for (const auto* host : {"a.example", "localhost", "127.0.0.1", "192.0.2.1", "2001:db8::1", "::1", "name", "a."}) {
    for (const bool secure : {false, true}) {
      const auto* const proxy = settings->proxy_for({secure, host, 80});
      require(!proxy || !settings->exceptions.contains({secure, host, 80}), "hosts in no_proxy are called directly");
    }
  }
}

void run(std::string_view input) {
  check_environment(input);
  check_numbers(input);
  check_words(input);
  check_addresses(input);
  check_redaction(input);
  check_proxies(input);
}

const registration fuzz_registration{{"config_values", run}};

}  // namespace
}  // namespace cohort::fuzz::config_values_target
