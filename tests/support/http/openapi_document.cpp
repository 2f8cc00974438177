// SPDX-License-Identifier: BSL-1.0
#include "tests/support/http/openapi_document.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "tests/support/json_schema.hpp"

namespace cohort::test {
namespace {

namespace json = boost::json;
using lines = std::vector<std::string>;

std::string text_of(const json::value& value) { return std::string{json::serialize(value)}; }
std::string text_of(json::string_view text) { return {text.data(), text.size()}; }

const json::value* member(const json::value* parent, std::string_view name) {
  if (!parent || !parent->is_object()) return nullptr;
  return parent->as_object().if_contains(json::string_view{name.data(), name.size()});
}

std::string string_member(const json::value& parent, std::string_view name) {
  const auto* value = member(&parent, name);
  return value && value->is_string() ? text_of(json::string_view{value->as_string()}) : std::string{};
}

/// Returns the names of the `{name}` placeholders of a path.
std::set<std::string> template_names(const std::string& path) {
  std::set<std::string> names;
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1))
    names.insert(path.substr(open + 1, path.find('}', open) - open - 1));
  return names;
}

/// valijson does not support integers beyond 63 bits, such as the maximum of an unsigned 64-bit integer, and throws if
/// a value with a `format` is not a string.
void adapt_for_valijson(json::value& value) {
  if (value.is_uint64()) value = static_cast<double>(value.as_uint64());
  if (value.is_array())
    for (auto& element : value.as_array()) adapt_for_valijson(element);
  if (!value.is_object()) return;
  if (const auto* format = member(&value, "format"); format && format->is_string()) value.as_object().erase("format");
  for (auto& entry : value.as_object()) adapt_for_valijson(entry.value());
}

/// Checks the rules of one document.
class rule_checker {
 public:
  explicit rule_checker(const json::value& root) : root_(root) {}

  lines run() {
    if (!string_member(root_, "openapi").starts_with("3.1.")) report("openapi", "is not 3.1");
    const auto* info = member(&root_, "info");
    for (const auto* name : {"title", "version"})
      if (!info || string_member(*info, name).empty()) report("info", std::string{name} + " is missing");
    if (const auto* tags = member(&root_, "tags"))
      for (const auto& tag : tags->as_array()) tags_.insert(string_member(tag, "name"));
    const auto* paths = member(&root_, "paths");
    if (!paths) return {"paths: is missing"};
    for (const auto& path : paths->as_object())
      for (const auto& method : path.value().as_object())
        check_operation(text_of(path.key()), text_of(method.key()), method.value());
    check_values("", root_);
    return std::move(problems_);
  }

 private:
  void report(const std::string& where, const std::string& what) { problems_.push_back(where + ": " + what); }

  void check_operation(const std::string& path, const std::string& method, const json::value& operation) {
    static const std::set<std::string> methods{"get", "put", "post", "delete", "patch", "options", "head", "trace"};
    const auto where = method + " " + path;
    if (!methods.contains(method)) report(where, "unknown method");
    if (!path.starts_with('/')) report(where, "the path does not start with /");
    if (string_member(operation, "summary").empty()) report(where, "no summary");
    if (!ids_.insert(string_member(operation, "operationId")).second) report(where, "operationId is not unique");
    const auto* tags = member(&operation, "tags");
    if (!tags || tags->as_array().empty()) {
      report(where, "no tags");
    } else {
      for (const auto& tag : tags->as_array())
        if (!tags_.contains(text_of(json::string_view{tag.as_string()}))) report(where, "unknown tag");
    }
    check_parameters(where, path, operation);
    check_responses(where, operation);
    check_security(where, operation);
  }

  void check_parameters(const std::string& where, const std::string& path, const json::value& operation) {
    auto names = template_names(path);
    std::set<std::string> seen;
    if (const auto* parameters = member(&operation, "parameters")) {
      for (const auto& parameter : parameters->as_array()) {
        const auto name = string_member(parameter, "name");
        const auto in = string_member(parameter, "in");
        if (!seen.insert(in + " " + name).second) report(where, "parameter " + name + " is repeated");
        if (!member(&parameter, "schema")) report(where, "parameter " + name + " has no schema");
        if (in != "path") continue;
        if (names.erase(name) == 0) report(where, "parameter " + name + " is not in the path");
        const auto* required = member(&parameter, "required");
        if (!required || !required->as_bool()) report(where, "parameter " + name + " is not required");
      }
    }
    for (const auto& name : names) report(where, "parameter " + name + " is not described");
  }

  void check_responses(const std::string& where, const json::value& operation) {
    const auto* responses = member(&operation, "responses");
    if (!responses || responses->as_object().empty()) return report(where, "no responses");
    for (const auto& response : responses->as_object())
      if (string_member(response.value(), "description").empty())
        report(where, text_of(response.key()) + " has no description");
  }

  void check_security(const std::string& where, const json::value& operation) {
    const auto* security = member(&operation, "security");
    if (!security) return;
    const auto* schemes = member(member(&root_, "components"), "securitySchemes");
    for (const auto& alternative : security->as_array())
      for (const auto& scheme : alternative.as_object())
        if (!member(schemes, text_of(scheme.key()))) report(where, "unknown security scheme " + text_of(scheme.key()));
  }

  /// Checks references, and the schemas of components.
  void check_values(const std::string& where, const json::value& value) {
    if (value.is_array()) {
      for (const auto& element : value.as_array()) check_values(where + "/-", element);
    }
    if (!value.is_object()) return;
    for (const auto& entry : value.as_object()) check_values(where + "/" + text_of(entry.key()), entry.value());
    if (const auto reference = string_member(value, "$ref"); !reference.empty()) check_reference(where, reference);
    if (string_member(value, "type") == "object" && where.starts_with("/components/schemas/"))
      check_object(where, value);
  }

  void check_reference(const std::string& where, const std::string& reference) {
    constexpr std::string_view prefix = "#/components/schemas/";
    const auto* schemas = member(member(&root_, "components"), "schemas");
    if (!reference.starts_with(prefix) || !member(schemas, reference.substr(prefix.size())))
      report(where, "refers to nothing: " + reference);
  }

  void check_object(const std::string& where, const json::value& schema) {
    const auto* additional = member(&schema, "additionalProperties");
    if (!additional || (additional->is_bool() && additional->as_bool())) report(where, "allows unnamed properties");
    const auto* properties = member(&schema, "properties");
    if (!properties) return;
    const auto* required = member(&schema, "required");
    if (!required) return report(where, "has no required");
    for (const auto& name : required->as_array())
      if (!member(properties, text_of(json::string_view{name.as_string()})))
        report(where, "requires an unknown property");
  }

  const json::value& root_;
  lines problems_;
  std::set<std::string> ids_;
  std::set<std::string> tags_;
};

/// Calls `function(mutated, description)` for each mutation of an object within `value`.
template <class Function>
void for_each_mutation(const json::value& root, json::value& value, const std::string& pointer, Function& function) {
  if (value.is_array()) {
    std::size_t index = 0;
    for (auto& element : value.as_array())
      for_each_mutation(root, element, pointer + "/" + std::to_string(index++), function);
  }
  if (!value.is_object()) return;
  const json::object original = value.as_object();
  const auto attempt = [&](const std::string& description) {
    function(root, description);
    value = original;
  };
  value.as_object()["unknown_member"] = json::object{{"unknown", true}};
  attempt(pointer + ": unknown member");
  for (const auto& entry : original) {
    const auto name = pointer + "/" + text_of(entry.key());
    value.as_object().erase(entry.key());
    attempt(name + ": removed");
    value.as_object()[entry.key()] = json::array{json::object{}, 1};
    attempt(name + ": another type");
    for_each_mutation(root, value.as_object()[entry.key()], name, function);
  }
}

}  // namespace

struct openapi_document::parsed_document {
  json::value root;

  const json::value* operation(std::string_view method, std::string_view path) const {
    return member(member(member(&root, "paths"), path), method);
  }
  const json::value* response(std::string_view method, std::string_view path, int status) const {
    const auto* responses = member(operation(method, path), "responses");
    for (const auto& key : {std::to_string(status), std::to_string(status / 100) + "XX", std::string{"default"}})
      if (const auto* found = member(responses, key)) return found;
    return nullptr;
  }
};

openapi_document::openapi_document(std::string_view text) : document_(std::make_unique<parsed_document>()) {
  json::error_code error;
  document_->root = json::parse(json::string_view{text.data(), text.size()}, error);
  if (error || !document_->root.is_object()) throw std::runtime_error("not a JSON object");
}

openapi_document::~openapi_document() = default;

lines openapi_document::problems() const { return rule_checker{document_->root}.run(); }

lines openapi_document::violations(std::string_view method, std::string_view path, int status,
                                   std::string_view content_type, std::string_view body) const {
  const auto* response = document_->response(method, path, status);
  const auto where = std::string{method} + " " + std::string{path} + " " + std::to_string(status) + ": ";
  if (!response) return {where + "not described"};
  const auto media_type = content_type.substr(0, content_type.find(';'));
  const auto* content = member(response, "content");
  if (media_type.empty()) {
    const bool is_described = content && !content->as_object().empty();
    return is_described ? lines{where + "no body, but one is described"} : lines{};
  }
  const auto* described = member(content, media_type);
  if (!described) described = member(content, "*/*");
  if (!described) return {where + "media type " + std::string{media_type} + " is not described"};
  const auto* schema = member(described, "schema");
  if (!schema || media_type != "application/json") return {};
  json::object object{{"allOf", json::array{*schema}}};
  if (const auto* components = member(&document_->root, "components")) object["components"] = *components;
  for (auto& entry : object) adapt_for_valijson(entry.value());
  auto found = json_schema{json::serialize(object)}.violations(body);
  for (auto& line : found) line = where + line;
  return found;
}

lines openapi_document::undetected_mutations(std::string_view method, std::string_view path, int status,
                                             std::string_view content_type, std::string_view body) const {
  lines undetected_changes;
  const auto attempt = [&](const json::value& value, const std::string& description) {
    if (violations(method, path, status, content_type, text_of(value)).empty())
      undetected_changes.push_back(description);
  };
  auto root = json::parse(json::string_view{body.data(), body.size()});
  for_each_mutation(root, root, "", attempt);
  return undetected_changes;
}

lines openapi_document::statuses(std::string_view method, std::string_view path) const {
  lines list;
  if (const auto* responses = member(document_->operation(method, path), "responses"))
    for (const auto& response : responses->as_object()) list.push_back(text_of(response.key()));
  return list;
}

}  // namespace cohort::test
