// SPDX-License-Identifier: BSL-1.0
#include <set>

#include <cohort/http/message/field.hpp>
#include <cohort/http/server/openapi/api_document.hpp>

namespace cohort::http {
namespace {

void write_parameters(json::writer& out, const std::vector<parameter_description>& parameters) {
  if (parameters.empty()) return;
  out.key("parameters").open_array();
  for (const auto& parameter : parameters) {
    out.open_object().field("name", parameter.name).field("in", parameter.in).field("required", parameter.required);
    if (!parameter.description.empty()) out.field("description", parameter.description);
    out.key("schema").raw(parameter.schema).close_object();
  }
  out.close_array();
}

void write_request_body(json::writer& out, const request_description& request) {
  if (request.body_schema.empty()) return;
  out.key("requestBody").open_object().field("required", true).key("content").open_object();
  out.key(request.body_media_type).open_object().key("schema").raw(request.body_schema).close_object();
  out.close_object().close_object();
}

void write_content(json::writer& out, const api_response& response) {
  out.key("content").open_object();
  for (const auto& [media_type, schemas] : response.content) {
    out.key(media_type).open_object();
    if (schemas.size() == 1) {
      out.key("schema").raw(schemas.front());
    } else if (!schemas.empty()) {
      out.key("schema").open_object().key("anyOf").open_array();
      for (const auto& schema : schemas) out.raw(schema);
      out.close_array().close_object();
    }
    out.close_object();
  }
  out.close_object();
}

void write_responses(json::writer& out, const std::map<std::string, api_response>& responses) {
  out.key("responses").open_object();
  for (const auto& [code, response] : responses) {
    out.key(code).open_object().field("description", response.description);
    if (!response.headers.empty()) {
      out.key("headers").open_object();
      for (const auto& header : response.headers) {
        out.key(header.name).open_object().field("description", header.description);
        out.key("schema").raw(header.schema).close_object();
      }
      out.close_object();
    }
    if (!response.content.empty()) write_content(out, response);
    out.close_object();
  }
  out.close_object();
}

void write_operation(json::writer& out, const api_operation& operation, const api_information& information) {
  const auto& settings = operation.settings;
  out.key(to_lower_case(boost::beast::http::to_string(operation.verb))).open_object();
  out.field("operationId", settings.operation_id).field("summary", settings.summary);
  if (!settings.description.empty()) out.field("description", settings.description);
  out.key("tags").open_array();
  for (const auto& tag : settings.tags) out.value(tag);
  out.close_array();
  if (settings.is_deprecated) out.field("deprecated", true);
  out.key("security").open_array();
  if (operation.is_protected) {
    for (const auto& alternative : information.security) {
      out.open_object();
      for (const auto& scheme : alternative) out.key(scheme).open_array().close_array();
      out.close_object();
    }
  }
  out.close_array();
  write_parameters(out, operation.request.parameters);
  write_request_body(out, operation.request);
  write_responses(out, operation.responses);
  out.close_object();
}

void write_tags(json::writer& out, const std::vector<api_operation>& operations) {
  std::set<std::string> names;
  for (const auto& described : operations) names.insert(described.settings.tags.begin(), described.settings.tags.end());
  out.key("tags").open_array();
  for (const auto& name : names) out.open_object().field("name", name).close_object();
  out.close_array();
}

void write_components(json::writer& out, const api_document& document) {
  out.key("components").open_object().key("schemas").open_object();
  for (const auto& [name, schema] : document.schemas) out.key(name).raw(schema);
  out.close_object();
  if (!document.information.security_schemes.empty()) {
    out.key("securitySchemes").open_object();
    for (const auto& [name, scheme] : document.information.security_schemes) out.key(name).raw(scheme);
    out.close_object();
  }
  out.close_object();
}

}  // namespace

std::string openapi_json(const api_document& document) {
  const auto& information = document.information;
  std::string text;
  json::writer out{text};
  out.open_object().field("openapi", "3.1.0").key("info").open_object();
  // OpenAPI requires a version.
  const std::string_view version = information.version.empty() ? std::string_view{"unspecified"} : information.version;
  out.field("title", information.title).field("version", version);
  if (!information.description.empty()) out.field("description", information.description);
  // The URL is relative to the URL of the document.
  out.close_object().key("servers").open_array().open_object().field("url", "/").close_object().close_array();
  write_tags(out, document.operations);
  out.key("paths").open_object();
  const std::string* open_path = nullptr;
  for (const auto& described : document.operations) {
    if (!open_path || *open_path != described.path) {
      if (open_path) out.close_object();
      out.key(described.path).open_object();
    }
    open_path = &described.path;
    write_operation(out, described, information);
  }
  if (open_path) out.close_object();
  out.close_object();
  write_components(out, document);
  out.close_object();
  return text;
}

}  // namespace cohort::http
