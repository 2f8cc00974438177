// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/openapi/document_merger.hpp"

#include <algorithm>
#include <array>

#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 8> methods{"get", "put", "post", "delete", "options", "head", "patch", "trace"};
constexpr std::string_view component_reference = "#/components/";

bool is_method(std::string_view name) { return std::find(methods.begin(), methods.end(), name) != methods.end(); }

bool is_own_path(std::string_view path) {
  return std::any_of(own_paths.begin(), own_paths.end(), [&](std::string_view own) { return is_below(path, own); });
}

std::string upper_case(std::string_view name) {
  std::string upper{name};
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

/// Copies values of one document, and prefixes the names of its components.
class component_renamer {
 public:
  explicit component_renamer(const std::string& upstream) : prefix_(upstream + ".") {}

  std::string name(std::string_view component) const { return prefix_ + std::string{component}; }
  std::string text(element value) const {
    std::string json_text;
    json::writer out{json_text};
    write(out, value);
    return json_text;
  }
  /// An operation, or the text of `security` of a document.
  std::string operation(const object& source, std::string_view default_security) const {
    std::string json_text;
    json::writer out{json_text};
    out.open_object();
    bool has_security = false;
    for (const auto member : source) {
      out.key(member.key);
      if (member.key == "operationId") {
        std::string_view id;
        if (member.value.get(id) == simdjson::SUCCESS) {
          out.value(name(id));
          continue;
        }
      }
      has_security = has_security || member.key == "security";
      member.key == "security" ? write_security(out, member.value) : write(out, member.value);
    }
    if (!has_security && !default_security.empty()) out.key("security").raw(default_security);
    out.close_object();
    return json_text;
  }
  std::string security(element value) const {
    std::string json_text;
    json::writer out{json_text};
    write_security(out, value);
    return json_text;
  }

 private:
  void write(json::writer& out, element value) const {
    object members;
    simdjson::dom::array items;
    std::string_view text;
    if (value.get(members) == simdjson::SUCCESS) {
      out.open_object();
      for (const auto member : members) write(out.key(member.key), member.value);
      out.close_object();
    } else if (value.get(items) == simdjson::SUCCESS) {
      out.open_array();
      for (const auto item : items) write(out, item);
      out.close_array();
    } else if (value.get(text) == simdjson::SUCCESS && text.starts_with(component_reference)) {
      out.value(renamed_reference(text));
    } else {
      out.raw(std::string{simdjson::minify(value)});
    }
  }

  /// Writes Security Requirement Objects, whose members are names of security schemes.
  void write_security(json::writer& out, element value) const {
    simdjson::dom::array alternatives;
    if (value.get(alternatives) != simdjson::SUCCESS) return write(out, value);
    out.open_array();
    for (const auto alternative : alternatives) {
      object schemes;
      if (alternative.get(schemes) != simdjson::SUCCESS) continue;
      out.open_object();
      for (const auto scheme : schemes) write(out.key(name(scheme.key)), scheme.value);
      out.close_object();
    }
    out.close_array();
  }

  /// `#/components/KIND/NAME`, with the prefix before the name.
  std::string renamed_reference(std::string_view reference) const {
    const auto kind_end = reference.find('/', component_reference.size());
    if (kind_end == std::string_view::npos) return std::string{reference};
    return std::string{reference.substr(0, kind_end + 1)}.append(name(reference.substr(kind_end + 1)));
  }

  std::string prefix_;
};

bool allows(const gateway_route& route, std::string_view method) {
  const auto& allowed = route.entry().match.methods;
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), upper_case(method)) != allowed.end();
}

bool forwards_to(const gateway_route& route, const std::string& upstream) {
  const auto& backends = route.entry().backends;
  return std::any_of(backends.begin(), backends.end(), [&](const auto& each) { return each.upstream == upstream; });
}

}  // namespace

std::string document_merger::gateway_path(const std::string& upstream, std::string_view path,
                                          const gateway_route*& route) const {
  for (const auto& candidate : routes_.routes()) {
    auto gateway_url_path = candidate.entry().strip_prefix + std::string{path};
    if (!forwards_to(candidate, upstream) || !candidate.matcher().matches_path(gateway_url_path) ||
        is_own_path(gateway_url_path))
      continue;
    // An earlier route may match all requests for the path.
    const auto first = std::find_if(routes_.routes().begin(), routes_.routes().end(), [&](const gateway_route& other) {
      return &other == &candidate || (other.matcher().is_path_only() && other.matcher().matches_path(gateway_url_path));
    });
    if (&*first != &candidate) continue;
    route = &candidate;
    return gateway_url_path;
  }
  return {};
}

bool document_merger::add(const std::string& upstream, std::string_view document) {
  element root;
  std::string_view version;
  object paths;
  if (!json::parse_document(document, root) || root["openapi"].get(version) != simdjson::SUCCESS ||
      !version.starts_with("3.") || root["paths"].get(paths) != simdjson::SUCCESS) {
    return false;
  }
  has_version_3_1_ = has_version_3_1_ || !version.starts_with("3.0");
  const component_renamer copy{upstream};
  std::string security;
  if (element value; root["security"].get(value) == simdjson::SUCCESS) security = copy.security(value);
  for (const auto path : paths) {
    const gateway_route* route = nullptr;
    const auto gateway_url_path = gateway_path(upstream, path.key, route);
    object item;
    if (gateway_url_path.empty() || path.value.get(item) != simdjson::SUCCESS || paths_.contains(gateway_url_path))
      continue;
    std::map<std::string, std::string> members;
    for (const auto member : item) {
      object operation;
      if (!is_method(member.key) || member.value.get(operation) != simdjson::SUCCESS) {
        members.emplace(member.key, copy.text(member.value));
      } else if (allows(*route, member.key)) {
        members.emplace(member.key, copy.operation(operation, security));
      }
    }
    paths_.emplace(gateway_url_path, std::move(members));
  }
  object kinds;
  if (root["components"].get(kinds) != simdjson::SUCCESS) return true;
  for (const auto kind : kinds) {
    object entries;
    if (kind.value.get(entries) != simdjson::SUCCESS) continue;
    auto& known = components_[std::string{kind.key}];
    for (const auto entry : entries) known.emplace(copy.name(entry.key), copy.text(entry.value));
  }
  return true;
}

std::string document_merger::text(std::string_view version, const std::set<std::string>& unavailable) const {
  std::string merged;
  json::writer out{merged};
  const auto write_map = [&](const std::map<std::string, std::map<std::string, std::string>>& map) {
    out.open_object();
    for (const auto& [name, members] : map) {
      out.key(name).open_object();
      for (const auto& [member, json] : members) out.key(member).raw(json);
      out.close_object();
    }
    out.close_object();
  };
  out.open_object().field("openapi", has_version_3_1_ ? "3.1.0" : "3.0.3");
  out.key("info").open_object().field("title", "API gateway").field("version", version).close_object();
  out.key("servers").open_array().open_object().field("url", "/").close_object().close_array();
  out.key("paths");
  write_map(paths_);
  out.key("components");
  write_map(components_);
  out.key("x-unavailable-upstreams").open_array();
  for (const auto& name : unavailable) out.value(name);
  out.close_array().close_object();
  return merged;
}

}  // namespace cohort::gateway
