// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/api_description.hpp>

#include <array>
#include <memory>
#include <mutex>

#include <cohort/http/server/openapi/api_document.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>

namespace cohort::service {
namespace {

std::string cookie_scheme(std::string_view name) {
  std::string scheme;
  json::writer{scheme}
      .open_object()
      .field("type", "apiKey")
      .field("in", "cookie")
      .field("name", name)
      .field("description", "A session that was started with an API key")
      .close_object();
  return scheme;
}

void add_security(http::api_information& information, const api_description_settings& settings, bool requires_key) {
  std::vector<std::string> others;
  if (settings.requires_client_certificate) {
    information.security_schemes["client_certificate"] = R"({"type":"mutualTLS"})";
    others.emplace_back("client_certificate");
  }
  std::vector<std::string> credentials;
  if (requires_key) {
    information.security_schemes["api_key"] = R"({"type":"apiKey","in":"header","name":"X-API-Key"})";
    information.security_schemes["bearer"] =
        R"({"type":"http","scheme":"bearer","description":"The API key, as in RFC 6750"})";
    credentials = {"api_key", "bearer"};
    if (!settings.session_cookie.empty()) {
      information.security_schemes["session"] = cookie_scheme(settings.session_cookie);
      credentials.emplace_back("session");
    }
  }
  for (const auto& credential : credentials) {
    auto alternative = others;
    alternative.push_back(credential);
    information.security.push_back(std::move(alternative));
  }
  if (credentials.empty() && !others.empty()) information.security.push_back(others);
  if (!information.security.empty())
    information.is_protected = [](const http::route& entry, const http::operation& operation) {
      return entry.pattern.starts_with("/api/") || operation.steps().requires_credential();
    };
}

/// The API description with and without API keys.
class api_documents {
 public:
  /// `routes` must outlive this object.
  api_documents(const std::vector<std::unique_ptr<http::route>>& routes, api_description_settings settings)
      : routes_(routes), settings_(std::move(settings)) {}

  struct document_pair {
    std::once_flag once;
    std::string json;
    std::string page;
  };

  /// Thread-safe.
  const document_pair& get(bool requires_key) {
    auto& documents = documents_.at(requires_key ? 1 : 0);
    std::call_once(documents.once, [&] {
      http::api_information information{.title = settings_.title,
                                        .description = settings_.description,
                                        .version = settings_.version,
                                        .requires_client_certificate = settings_.requires_client_certificate,
                                        .has_rate_limit = settings_.has_rate_limit,
                                        .includes_hidden = settings_.includes_hidden};
      add_security(information, settings_, requires_key);
      const auto document = http::describe_api(routes_, std::move(information));
      documents.json = http::openapi_json(document);
      documents.page = http::openapi_page(document);
    });
    return documents;
  }

 private:
  const std::vector<std::unique_ptr<http::route>>& routes_;
  api_description_settings settings_;
  std::array<document_pair, 2> documents_;
};

}  // namespace

void add_api_description_routes(http::router& routes, api_description_settings settings,
                                const api_key_authenticator& authenticator) {
  auto documents = std::make_shared<api_documents>(routes.routes(), std::move(settings));
  routes
      .get("/openapi.json",
           [documents, &authenticator](http::request_context&) {
             auto response = http::json_response(documents->get(authenticator.is_enabled()).json);
             response.set("Cache-Control", "no-cache");
             return response;
           })
      .summary("The OpenAPI document of the service")
      .operation_id("get_openapi_document")
      .tags({"service"})
      .hidden()
      .returns(http::status::ok, "The document", {.media_type = "application/json", .schema = R"({"type":"object"})"});
  routes
      .get("/docs",
           [documents, &authenticator](http::request_context&) {
             http::response response;
             response.body(documents->get(authenticator.is_enabled()).page, "text/html; charset=utf-8");
             response.set("Cache-Control", "no-cache").set("Content-Security-Policy", http::openapi_page_policy());
             return response;
           })
      .summary("The description of the API as a page")
      .operation_id("get_api_page")
      .tags({"service"})
      .hidden()
      .returns(http::status::ok, "The page", {.media_type = "text/html"});
}

}  // namespace cohort::service
