// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cctype>

#include <cohort/http/message/content_security_policy.hpp>
#include <cohort/http/message/html.hpp>
#include <cohort/http/server/openapi/api_document.hpp>
#include <cohort/http/server/openapi/page_style.hpp>
#include <cohort/http/server/openapi/schema_markup.hpp>

namespace cohort::http {
namespace {

std::string cell(std::string_view text) { return "<td>" + escape_html(text) + "</td>"; }

std::string code(std::string_view text) { return "<code>" + escape_html(text) + "</code>"; }

/// Formats a schema on one line, or as a block if it does not fit on one line.
std::string schema_block(std::string_view schema) {
  const auto markup = schema_markup(schema);
  return markup.find('\n') == markup.npos ? "<code>" + markup + "</code>" : "<pre>" + markup + "</pre>";
}

std::string table_start(std::string_view title, std::initializer_list<std::string_view> columns) {
  std::string html = "<h3>";
  html.append(title).append("</h3><div class=\"scroll\"><table><thead><tr>");
  for (const auto column : columns) html.append("<th scope=\"col\">").append(column).append("</th>");
  return html + "</tr></thead><tbody>";
}

constexpr std::string_view table_end = "</tbody></table></div>";

std::string parameter_table(const std::vector<parameter_description>& parameters) {
  if (parameters.empty()) return {};
  auto html = table_start("Parameters", {"Name", "In", "Required", "Schema", "Description"});
  for (const auto& parameter : parameters) {
    html += "<tr><td>" + code(parameter.name) + "</td>" + cell(parameter.in) + cell(parameter.required ? "yes" : "no") +
            "<td>" + schema_block(parameter.schema) + "</td>" + cell(parameter.description) + "</tr>";
  }
  return html.append(table_end);
}

std::string response_table(const std::map<std::string, api_response>& responses) {
  auto html = table_start("Responses", {"Status", "Description", "Headers", "Body"});
  for (const auto& [status_code, response] : responses) {
    html += "<tr><td>" + code(status_code) + "</td>" + cell(response.description) + "<td>";
    for (const auto& header : response.headers) html += code(header.name) + " ";
    html += "</td><td>";
    for (const auto& [media_type, schemas] : response.content) {
      html += "<p>" + escape_html(media_type) + "</p>";
      for (const auto& schema : schemas) html += schema_block(schema);
    }
    html += "</td></tr>";
  }
  return html.append(table_end);
}

std::string operation_section(const api_operation& operation) {
  const auto& settings = operation.settings;
  const std::string method_name{boost::beast::http::to_string(operation.verb)};
  auto css_class = method_name;
  std::ranges::transform(css_class, css_class.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string html = "<details aria-label=\"" + escape_html(method_name + " " + operation.path) +
                     "\"><summary><span class=\"method " + escape_html(css_class) + "\">" + escape_html(method_name) +
                     "</span> <span class=\"path\">" + escape_html(operation.path) + "</span> <span class=\"text\">" +
                     escape_html(settings.summary) + "</span>";
  if (settings.is_deprecated) html += " <span class=\"mark\">Deprecated</span>";
  if (operation.is_protected) html += " <span class=\"mark\">Requires a credential</span>";
  // The ID is inside the collapsible part, because browsers open that part for a link to an element in it.
  html += "</summary><div class=\"content\" id=\"" + escape_html(settings.operation_id) + "\">";
  if (!settings.description.empty()) html += "<p>" + escape_html(settings.description) + "</p>";
  html += parameter_table(operation.request.parameters);
  if (!operation.request.body_schema.empty()) {
    html += "<h3>Request body</h3><p>" + escape_html(operation.request.body_media_type) + "</p>" +
            schema_block(operation.request.body_schema);
  }
  return html + response_table(operation.responses) + "</div></details>\n";
}

/// All operations, grouped by their first tag. The groups are in the order of their first operations.
std::string operation_groups(const std::vector<api_operation>& operations) {
  std::vector<std::pair<std::string, std::string>> groups;
  for (const auto& described : operations) {
    const auto& tags = described.settings.tags;
    const std::string tag = tags.empty() ? "operations" : tags.front();
    auto group = std::ranges::find(groups, tag, &std::pair<std::string, std::string>::first);
    if (group == groups.end()) group = groups.insert(groups.end(), {tag, {}});
    group->second += operation_section(described);
  }
  std::string html;
  for (const auto& [tag, sections] : groups) html += "<h2>" + escape_html(tag) + "</h2>\n" + sections;
  return html;
}

std::string schema_sections(const std::map<std::string, std::string, std::less<>>& schemas) {
  if (schemas.empty()) return {};
  std::string html = "<h2>Schemas</h2>\n";
  for (const auto& [name, schema] : schemas) {
    html += "<details><summary><span class=\"path\">" + escape_html(name) +
            "</span></summary><div class=\"content\" id=\"schema-" + escape_html(name) + "\"><pre>" +
            schema_markup(schema) + "</pre></div></details>\n";
  }
  return html;
}

}  // namespace

std::string openapi_page(const api_document& document) {
  const auto& information = document.information;
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                     escape_html(information.title) +
                     "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>";
  html.append(page_style).append("</style></head>\n<body><header><h1>").append(escape_html(information.title));
  if (!information.version.empty()) html.append(" <small>").append(escape_html(information.version)).append("</small>");
  html.append("</h1><p>").append(escape_html(information.description));
  html.append("</p><p><a href=\"openapi.json\">openapi.json</a></p></header>\n<main>");
  return html + operation_groups(document.operations) + schema_sections(document.schemas) + "</main></body></html>\n";
}

const std::string& openapi_page_policy() {
  static const std::string policy = "default-src 'none'; style-src " + hash_source(page_style) +
                                    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

}  // namespace cohort::http
