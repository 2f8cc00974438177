// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/openapi/api_document.hpp>

#include <algorithm>
#include <array>
#include <set>

#include <cohort/http/server/input/input_error.hpp>
#include <cohort/http/server/routing/is_websocket.hpp>

namespace cohort::http {
namespace {

std::string path_template(const route_pattern& pattern) {
  std::string path;
  for (const auto& segment : pattern.segments()) {
    const bool is_literal = segment.segment_kind == pattern_segment::kind::literal;
    path += is_literal ? "/" + segment.text : "/{" + segment.text + "}";
  }
  return path;
}

/// A key that is equal for paths that OpenAPI regards as identical: paths that differ only in the names of their
/// parameters.
std::string path_identity(const route_pattern& pattern) {
  std::string path;
  for (const auto& segment : pattern.segments())
    path += segment.segment_kind == pattern_segment::kind::literal ? "/" + segment.text : "/{}";
  return path;
}

parameter_description path_parameter(const pattern_segment& segment) {
  parameter_description parameter{.name = segment.text, .in = "path", .required = true};
  if (segment.segment_kind == pattern_segment::kind::rest) {
    parameter.description = "The rest of the path, which may have several segments";
    return parameter;
  }
  switch (segment.type) {
    case parameter_type::uuid: parameter.schema = R"({"type":"string","format":"uuid"})"; break;
    case parameter_type::uint: parameter.schema = R"({"type":"integer","minimum":0})"; break;
    case parameter_type::integer: parameter.schema = R"({"type":"integer","format":"int64"})"; break;
    case parameter_type::text: parameter.schema = R"({"type":"string","minLength":1})"; break;
  }
  return parameter;
}

void add_path_parameters(request_description& request, const route_pattern& pattern) {
  for (const auto& segment : pattern.segments()) {
    if (segment.segment_kind == pattern_segment::kind::literal) continue;
    const auto is_same = [&](const auto& known) { return known.in == "path" && known.name == segment.text; };
    if (std::none_of(request.parameters.begin(), request.parameters.end(), is_same))
      request.parameters.push_back(path_parameter(segment));
  }
}

void add(std::map<std::string, api_response>& responses, const response_description& description,
         json::schema_definitions& definitions) {
  auto& target = responses[std::to_string(static_cast<unsigned>(description.code))];
  if (target.description.empty()) {
    target.description = description.description;
  } else if (target.description.find(description.description) == std::string::npos) {
    target.description += "; or: " + description.description;
  }
  if (!description.media_type.empty()) {
    auto& schemas = target.content[description.media_type];
    if (description.schema) {
      auto schema = description.schema(definitions);
      if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end()) schemas.push_back(std::move(schema));
    }
  }
  for (const auto& header : description.headers) {
    const auto is_same = [&](const auto& known) { return known.name == header.name; };
    if (std::none_of(target.headers.begin(), target.headers.end(), is_same)) target.headers.push_back(header);
  }
}

response_description error_description(status code, std::string description,
                                       std::vector<header_description> headers = {}) {
  return describe_response<error_body>(code, std::move(description), std::move(headers));
}

header_description retry_after() {
  return {"Retry-After", "Seconds until the next attempt", R"({"type":"integer","minimum":0})"};
}

/// The responses of the framework, which are sent instead of the handler's response.
std::vector<response_description> framework_responses(const route& entry, const api_operation& operation,
                                                      const api_information& information) {
  std::vector<response_description> list{
      describe_response<input_error_body>(status::bad_request, "The request is malformed or has invalid values"),
      error_description(status::request_timeout, "Receiving the request timed out"),
      error_description(status::payload_too_large, "The body is too large"),
      error_description(status::uri_too_long, "The target is too long"),
      error_description(status::expectation_failed, "The expectation is not supported"),
      error_description(status::request_header_fields_too_large, "The header section is too large"),
      error_description(status::internal_server_error, "An internal error occurred"),
      error_description(status::not_implemented, "The transfer coding is not supported"),
      error_description(status::service_unavailable, "The server is overloaded", {retry_after()})};
  const auto& segments = entry.path_pattern().segments();
  const bool is_typed = std::any_of(segments.begin(), segments.end(), [](const auto& segment) {
    return segment.segment_kind == pattern_segment::kind::parameter && segment.type != parameter_type::text;
  });
  if (is_typed) list.push_back(error_description(status::not_found, "The path does not exist"));
  if (!operation.request.body_schema.empty()) {
    list.push_back(describe_response<input_error_body>(
        status::unsupported_media_type, "The media type is not supported", {{"Accept", "The supported media type"}}));
  }
  if (operation.settings.is_probe) return list;
  list.push_back(error_description(status::gateway_timeout, "The deadline of the request passed"));
  if (operation.is_protected) {
    list.push_back(error_description(status::unauthorized, "The API key is missing or invalid",
                                     {{"WWW-Authenticate", "The challenge"}}));
    if (information.requires_client_certificate)
      list.push_back(error_description(status::forbidden, "The client certificate is missing or not allowed"));
  }
  if (operation.is_protected || information.has_rate_limit)
    list.push_back(error_description(status::too_many_requests, "The rate limit is exceeded", {retry_after()}));
  return list;
}

/// Adds the opening handshake of a WebSocket (RFC 6455 section 4.1), which OpenAPI cannot describe otherwise.
void add_handshake(api_operation& operation, json::schema_definitions& definitions) {
  const std::array parameters{
      parameter_description{"Upgrade", "header", true, "The protocol", R"({"type":"string","enum":["websocket"]})"},
      parameter_description{"Sec-WebSocket-Version", "header", true, "The version",
                            R"({"type":"string","enum":["13"]})"},
      parameter_description{"Sec-WebSocket-Key", "header", true, "16 random bytes in Base64"}};
  operation.request.parameters.insert(operation.request.parameters.end(), parameters.begin(), parameters.end());
  const std::array responses{
      describe_response(status::switching_protocols, "The connection is a WebSocket", body_description{}),
      error_description(status::forbidden, "The origin of the page may not connect"),
      error_description(status::upgrade_required, "The request is not an opening handshake of version 13",
                        {{"Upgrade", "The protocol"}})};
  for (const auto& response : responses) add(operation.responses, response, definitions);
}

/// The default ID of an operation, such as `get_api_things_id`.
std::string default_id(std::string_view method_name, std::string_view path) {
  std::string id;
  for (const char c : std::string{method_name} + std::string{path}) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_kept = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_kept) {
      id += is_upper ? static_cast<char>(c + ('a' - 'A')) : c;
    } else if (id.back() != '_') {
      id += '_';
    }
  }
  while (id.ends_with('_')) id.pop_back();
  return id;
}

class document_builder {
 public:
  explicit document_builder(api_information information) : definitions_("#/components/schemas/") {
    document_.information = std::move(information);
  }

  void add_operation(const route& entry, const operation& each, method verb) {
    const auto& information = document_.information;
    auto& described =
        document_.operations.emplace_back(api_operation{.path = path_template(entry.path_pattern()),
                                                        .verb = verb,
                                                        .settings = each.settings(),
                                                        .request = {},
                                                        .responses = {},
                                                        .is_protected = information.is_protected(entry, each)});
    auto& settings = described.settings;
    const std::string method_name{boost::beast::http::to_string(verb)};
    if (settings.request) described.request = settings.request(definitions_);
    add_path_parameters(described.request, entry.path_pattern());
    if (settings.summary.empty()) settings.summary = method_name + " " + described.path;
    if (settings.tags.empty()) settings.tags.push_back(information.title);
    if (settings.operation_id.empty() || each.verb() == method::unknown)
      settings.operation_id = default_id(method_name, described.path);
    for (std::string unique_id = settings.operation_id; !ids_.insert(settings.operation_id).second;)
      settings.operation_id = unique_id += "_2";
    for (const auto& response : settings.responses) add(described.responses, response, definitions_);
    if (is_websocket(each)) {
      add_handshake(described, definitions_);
    } else if (settings.responses.empty()) {
      described.responses["2XX"] = {.description = "A successful response"};
      described.responses["default"] = {.description = "Another response"};
    }
    for (const auto& response : framework_responses(entry, described, information))
      add(described.responses, response, definitions_);
  }

  api_document finish() {
    document_.schemas = definitions_.definitions();
    return std::move(document_);
  }

 private:
  api_document document_;
  json::schema_definitions definitions_;
  std::set<std::string> ids_;
};

}  // namespace

api_document describe_api(const std::vector<std::unique_ptr<route>>& routes, api_information information) {
  std::vector<const route*> sorted;
  for (const auto& entry : routes) sorted.push_back(entry.get());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* left, const auto* right) { return left->pattern < right->pattern; });
  const bool includes_hidden = information.includes_hidden;
  document_builder builder{std::move(information)};
  std::set<std::string> paths;
  for (const auto* entry : sorted) {
    if (!paths.insert(path_identity(entry->path_pattern())).second) continue;
    const auto allowed = entry->allowed_methods();
    for (const auto allowed_method : allowed) {
      const auto* each = entry->find_operation(allowed_method);
      const bool is_implied = allowed_method == method::head && each->verb() != method::head;
      const bool is_listed = includes_hidden || !each->settings().is_hidden;
      if (!is_implied && is_listed) builder.add_operation(*entry, *each, allowed_method);
    }
  }
  return builder.finish();
}

}  // namespace cohort::http
