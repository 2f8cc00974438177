// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/operation_description.hpp>

#include <utility>

namespace cohort::http {

response_description describe_response(status code, std::string description, body_description body,
                                       std::vector<header_description> headers) {
  response_description described{.code = code,
                                 .description = std::move(description),
                                 .media_type = std::move(body.media_type),
                                 .headers = std::move(headers)};
  if (described.media_type.empty()) return described;
  if (body.schema.empty()) body.schema = R"({"type":"string"})";
  described.schema = [schema = std::move(body.schema)](json::schema_definitions&) { return schema; };
  return described;
}

}  // namespace cohort::http
