// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <cohort/http/message/field.hpp>
#include <cohort/json/schema.hpp>

// The inputs and responses of an operation, for the description of the API (`<cohort/http/server/openapi/…>`).
namespace cohort::http {

/// A parameter as in OpenAPI.
struct parameter_description {
  std::string name;
  /// `path`, `query`, `header` or `cookie`.
  std::string in;
  bool required = false;
  std::string description{};
  /// A JSON Schema.
  std::string schema = R"({"type":"string"})";
};

/// The input of an operation.
struct request_description {
  std::vector<parameter_description> parameters{};
  /// The JSON Schema of the body; empty if the body is not read.
  std::string body_schema{};
  /// The media type of the body.
  std::string body_media_type = "application/json";
};

/// Describes a request struct: see `<cohort/http/server/input/request_struct.hpp>`. The schemas of structs and
/// enumerations are added to `definitions`.
template <json::described_struct T>
request_description describe_request(json::schema_definitions& definitions);

/// A header field of a response.
struct header_description {
  std::string name;
  std::string description;
  /// A JSON Schema.
  std::string schema = R"({"type":"string"})";
};

/// The body of a response without a described type.
struct body_description {
  /// The media type, such as `text/html`; empty if there is no body.
  std::string media_type{};
  /// A JSON Schema; if it is empty, the body is text.
  std::string schema{};
};

/// A response of an operation. A status may have several responses, of which a client receives one.
struct response_description {
  status code;
  std::string description;
  /// The media type, such as `application/json`; empty if there is no body.
  std::string media_type{};
  /// Returns the JSON Schema of the body.
  std::function<std::string(json::schema_definitions&)> schema{};
  std::vector<header_description> headers{};
};

/// The body of `error_response`.
struct error_body {
  std::string error;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(error_body, (), (error, message))
constexpr auto constraints(json::type<error_body>) {
  return json::constrain(
      json::member(&error_body::error, {.description = "The class of the error"}),
      json::member(&error_body::message,
                   {.description = "The reason for the error; for an invalid value also the accepted values"}));
}

/// Returns the description of a JSON response whose body is a `T`: a described type, or a list or map of such types.
template <class T>
response_description describe_response(status code, std::string description,
                                       std::vector<header_description> headers = {}) {
  return {.code = code,
          .description = std::move(description),
          .media_type = "application/json",
          .schema = [](json::schema_definitions& definitions) { return definitions.schema_of<T>(); },
          .headers = std::move(headers)};
}
response_description describe_response(status code, std::string description, body_description body,
                                       std::vector<header_description> headers = {});

}  // namespace cohort::http
