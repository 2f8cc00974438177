// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/cors.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <memory>
#include <stdexcept>

#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::http {
namespace {

/// The settings as values of header fields.
struct cors_policy {
  explicit cors_policy(cors_settings settings);

  bool allows(std::string_view origin) const {
    return allows_any_origin || std::find(origins.begin(), origins.end(), origin) != origins.end();
  }
  /// Adds the fields for responses to an allowed origin.
  void add_origin(response& result, std::string_view origin) const;
  response preflight_response(std::string_view origin) const;

  std::vector<std::string> origins;
  bool allows_any_origin;
  bool allows_credentials;
  std::string methods;
  std::string request_headers;
  std::string exposed_headers;
  std::string max_age;
};

std::string join(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    if (!is_token(name)) throw std::invalid_argument{"CORS: \"" + name + "\" is not a method or a field name"};
    list.append(list.empty() ? "" : ", ").append(name);
  }
  return list;
}

std::vector<std::string> names_of(const std::vector<method>& methods) {
  std::vector<std::string> names;
  for (const auto each : methods) names.emplace_back(boost::beast::http::to_string(each));
  return names;
}

/// Throws unless the text is `scheme://host[:port]`.
void check_origin(const std::string& origin) {
  const auto url = boost::urls::parse_uri(origin);
  const bool is_origin = url && url->has_authority() && !url->encoded_host().empty() && !url->has_userinfo() &&
                         url->encoded_path().empty() && !url->has_query() && !url->has_fragment();
  if (!is_origin) {
    throw std::invalid_argument{"CORS origin \"" + origin + "\" must look like https://host or http://host:port"};
  }
}

cors_policy::cors_policy(cors_settings settings)
    : origins(std::move(settings.origins)),
      allows_any_origin(origins == std::vector<std::string>{"*"}),
      allows_credentials(settings.allow_credentials),
      methods(join(names_of(settings.methods))),
      request_headers(join(settings.request_headers)),
      exposed_headers(join(settings.exposed_headers)),
      max_age(std::to_string(settings.max_age.count())) {
  if (allows_any_origin && allows_credentials) {
    throw std::invalid_argument{"CORS: the origin \"*\" cannot be combined with credentials; list the origins"};
  }
  if (!allows_any_origin) std::for_each(origins.begin(), origins.end(), check_origin);
}

void cors_policy::add_origin(response& result, std::string_view origin) const {
  result.set("Access-Control-Allow-Origin", allows_any_origin ? std::string_view{"*"} : origin);
  if (allows_credentials) result.set("Access-Control-Allow-Credentials", "true");
}

response cors_policy::preflight_response(std::string_view origin) const {
  if (!allows(origin)) return error_response(status::forbidden, "The origin is not allowed to call this service");
  response result{status::no_content};
  add_origin(result, origin);
  result.set("Access-Control-Allow-Methods", methods);
  if (!request_headers.empty()) result.set("Access-Control-Allow-Headers", request_headers);
  result.set("Access-Control-Max-Age", max_age);
  return result;
}

}  // namespace

middleware cors(cors_settings settings) {
  auto policy = std::make_shared<const cors_policy>(std::move(settings));
  return [policy = std::move(policy)](request_context& context, next next_handler) -> task<response> {
    const auto& head = context.head();
    const auto origin = find_unique(head, field::origin);
    const bool is_preflight =
        head.method == method::options && origin && head.find("access-control-request-method").has_value();
    response result;
    if (is_preflight) {
      result = policy->preflight_response(*origin);
    } else {
      result = co_await next_handler(context);
      if (origin && policy->allows(*origin)) {
        policy->add_origin(result, *origin);
        if (!policy->exposed_headers.empty()) result.set("Access-Control-Expose-Headers", policy->exposed_headers);
      }
    }
    // Caches must not return the response for one origin to requests of another origin.
    if (!policy->allows_any_origin) result.set("Vary", "Origin");
    co_return result;
  };
}

}  // namespace cohort::http
