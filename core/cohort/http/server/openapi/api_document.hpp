// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cohort/http/server/routing/route.hpp>

// Describes an API by its routes: call `describe_api`, then `openapi_json` or `openapi_page`.
namespace cohort::http {

/// Properties of an API that its routes do not contain.
struct api_information {
  std::string title;
  std::string description;
  /// If it is empty, the document contains `unspecified`.
  std::string version{};
  /// Security Scheme Objects (JSON) of OpenAPI by name. If it is empty, no operation needs a credential.
  std::map<std::string, std::string> security_schemes{};
  /// The alternatives, each with the names of the schemes that a request needs together.
  std::vector<std::vector<std::string>> security{};
  /// Whether an operation of a route needs a credential.
  std::function<bool(const route&, const operation&)> is_protected = [](const route&, const operation&) {
    return false;
  };
  /// Whether protected operations require a client certificate, and respond with 403 to requests without one.
  bool requires_client_certificate = false;
  /// Whether all operations except probes have a rate limit, and can respond with 429.
  bool has_rate_limit = false;
  /// Whether operations with `hidden` are also described.
  bool includes_hidden = false;
};

/// All responses with one status.
struct api_response {
  std::string description;
  /// The schemas of the body by media type. A body matches one of them; without a schema, any content is valid.
  std::map<std::string, std::vector<std::string>> content{};
  std::vector<header_description> headers{};
};

struct api_operation {
  /// The path as in OpenAPI, such as `/things/{id}`.
  std::string path;
  method verb;
  operation_settings settings;
  request_description request;
  /// The responses by status; `2XX` and `default` if the route does not describe its responses.
  std::map<std::string, api_response> responses;
  bool is_protected;
};

struct api_document {
  api_information information;
  /// The operations, sorted by path, then by method.
  std::vector<api_operation> operations;
  /// JSON Schemas by name.
  std::map<std::string, std::string, std::less<>> schemas;
};

/// Describes all operations of `router::routes` with their own responses and the framework's responses. `HEAD` is
/// implied by `GET`. An operation for any method is listed once for each method. If two patterns differ only in the
/// types or names of parameters, only the first pattern is described, because OpenAPI cannot distinguish them.
api_document describe_api(const std::vector<std::unique_ptr<route>>& routes, api_information information);

/// The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0). Equal routes have the same text.
std::string openapi_json(const api_document& document);

/// A page in HTML that lists operations, parameters, responses and schemas. The page has no scripts and contains its
/// style sheet; `openapi_page_policy` permits no other resources.
std::string openapi_page(const api_document& document);

/// The `Content-Security-Policy` of the page, which permits its style sheet by hash (CSP Level 3, section 6.7.2.3).
const std::string& openapi_page_policy();

}  // namespace cohort::http
