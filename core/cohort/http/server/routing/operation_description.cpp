// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/operation_description.hpp>

#include <utility>

namespace cohort::http {

response_description describe_response(status code, std::string description, body_description body,
                                       std::vector<header_description> headers) {
  response_description response_description{.code = code,
                                            .description = std::move(description),
                                            .media_type = std::move(body.media_type),
                                            .headers = std::move(headers)};
  if (response_description.media_type.empty()) return response_description;
  if (body.schema.empty()) body.schema = R"({"type":"string"})";
  response_description.schema = [schema = std::move(body.schema)](json::schema_definitions&) { return schema; };
  return response_description;
}

}  // namespace cohort::http
