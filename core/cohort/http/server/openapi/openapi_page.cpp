// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include <cohort/http/server/openapi/api_document.hpp>

namespace cohort::http {
namespace {

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      default: html += c;
    }
  }
  return html;
}

std::string cell(std::string_view text) { return "<td>" + escaped(text) + "</td>"; }

/// A schema as text, in which references are links to the schemas below.
std::string schema_text(std::string_view schema) {
  constexpr std::string_view reference = "#/components/schemas/";
  std::string html = "<code>";
  for (auto at = schema.find(reference); at != std::string_view::npos; at = schema.find(reference)) {
    const auto end = std::min(schema.find('"', at), schema.size());
    const std::string name{schema.substr(at + reference.size(), end - at - reference.size())};
    html += escaped(schema.substr(0, at)) + "<a href=\"#schema-" + escaped(name) + "\">" + escaped(name) + "</a>";
    schema.remove_prefix(end);
  }
  return html + escaped(schema) + "</code>";
}

constexpr std::string_view table_start = "<table border=\"1\" cellpadding=\"4\"><tr>";

std::string parameter_table(const std::vector<parameter_description>& parameters) {
  if (parameters.empty()) return {};
  std::string html{"<h4>Parameters</h4>"};
  html.append(table_start).append("<th>Name</th><th>In</th><th>Required</th><th>Schema</th><th>Description</th></tr>");
  for (const auto& parameter : parameters) {
    html += "<tr>" + cell(parameter.name) + cell(parameter.in) + cell(parameter.required ? "yes" : "no") + "<td>" +
            schema_text(parameter.schema) + "</td>" + cell(parameter.description) + "</tr>";
  }
  return html + "</table>";
}

std::string response_table(const std::map<std::string, api_response>& responses) {
  std::string html{"<h4>Responses</h4>"};
  html.append(table_start).append("<th>Status</th><th>Description</th><th>Headers</th><th>Body</th></tr>");
  for (const auto& [code, response] : responses) {
    html += "<tr>" + cell(code) + cell(response.description) + "<td>";
    for (const auto& header : response.headers) html += escaped(header.name) + " ";
    html += "</td><td>";
    for (const auto& [media_type, schemas] : response.content) {
      html += escaped(media_type) + " ";
      for (const auto& schema : schemas) html += schema_text(schema) + " ";
    }
    html += "</td></tr>";
  }
  return html + "</table>";
}

std::string operation_section(const api_operation& described) {
  const auto& settings = described.settings;
  const std::string title = std::string{boost::beast::http::to_string(described.verb)} + " " + described.path;
  std::string html = "<section id=\"" + escaped(settings.operation_id) + "\"><h3>" + escaped(title) + "</h3><p>" +
                     escaped(settings.summary) + "</p>";
  if (settings.is_deprecated) html += "<p><strong>Deprecated</strong></p>";
  if (!settings.description.empty()) html += "<p>" + escaped(settings.description) + "</p>";
  if (described.is_protected) html += "<p>Requires a credential.</p>";
  html += parameter_table(described.request.parameters);
  if (!described.request.body_schema.empty()) {
    html += "<h4>Body</h4><p>" + escaped(described.request.body_media_type) + " " +
            schema_text(described.request.body_schema) + "</p>";
  }
  return html + response_table(described.responses) + "</section>";
}

}  // namespace

std::string openapi_page(const api_document& document) {
  const auto& information = document.information;
  const auto title = escaped(information.title) + " " + escaped(information.version);
  std::string html = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
                     "</title><meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>" + title +
                     "</h1><p>" + escaped(information.description) +
                     "</p><p><a href=\"openapi.json\">openapi.json</a></p><h2>Operations</h2><ul>";
  for (const auto& each : document.operations) {
    html += "<li><a href=\"#" + escaped(each.settings.operation_id) + "\">" +
            escaped(boost::beast::http::to_string(each.verb)) + " " + escaped(each.path) +
            "</a>: " + escaped(each.settings.summary) + "</li>";
  }
  html += "</ul>";
  for (const auto& each : document.operations) html += operation_section(each);
  html += "<h2>Schemas</h2>";
  for (const auto& [name, schema] : document.schemas) {
    html += "<section id=\"schema-" + escaped(name) + "\"><h3>" + escaped(name) + "</h3><p>" + schema_text(schema) +
            "</p></section>";
  }
  return html + "</body></html>\n";
}

}  // namespace cohort::http
