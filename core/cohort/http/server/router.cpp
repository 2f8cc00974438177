// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/router.hpp>

#include <algorithm>

namespace cohort::http {
namespace {

using path_parameters = std::vector<std::pair<std::string_view, std::string>>;

std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  return segment;
}

bool matches_pattern(std::string_view pattern, std::string_view path, path_parameters& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const auto expected = next_segment(pattern);
    const auto decoded = percent_decode(next_segment(path));
    if (!decoded) return false;
    if (expected.starts_with('{') && expected.ends_with('}')) {
      if (decoded->empty()) return false;
      parameters.emplace_back(expected.substr(1, expected.size() - 2), *decoded);
    } else if (expected != *decoded) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

void append_method(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

}  // namespace

const handler* route::find_handler(method verb) const noexcept {
  for (const auto& [candidate, function] : handlers)
    if (candidate == verb || (candidate == method::get && verb == method::head)) return &function;
  return nullptr;
}

bool route::is_async() const noexcept {
  return std::any_of(handlers.begin(), handlers.end(),
                     [](const auto& entry) { return std::holds_alternative<async_handler>(entry.second); });
}

bool route::is_rate_limited(method verb) const noexcept {
  return std::find(rate_limit_exempt_methods.begin(), rate_limit_exempt_methods.end(), verb) ==
         rate_limit_exempt_methods.end();
}

std::string route::allowed_methods() const {
  std::string list;
  for (const auto& [verb, function] : handlers) {
    append_method(list, std::string_view{boost::beast::http::to_string(verb)});
    if (verb == method::get) append_method(list, "HEAD");
  }
  return list;
}

route& router::add_handler(method verb, std::string pattern, handler function) {
  for (auto& entry : routes_) {
    if (entry->pattern != pattern) continue;
    entry->handlers.emplace_back(verb, std::move(function));
    return *entry;
  }
  auto& added = *routes_.emplace_back(std::make_unique<route>());
  added.pattern = std::move(pattern);
  added.handlers.emplace_back(verb, std::move(function));
  added.index = routes_.size() - 1;
  if (added.pattern.ends_with("/*")) {
    prefix_routes_.push_back(&added);
  } else if (added.pattern.find('{') != std::string::npos) {
    parameter_routes_.push_back(&added);
  } else {
    literal_routes_.emplace(added.pattern, &added);
  }
  return added;
}

const route* router::match(request_context& context) const {
  context.parameters_.clear();
  context.route_ = find_route(context);
  return context.route_;
}

const route* router::find_route(request_context& context) const {
  const auto path = context.head().path;
  if (const auto found = literal_routes_.find(path); found != literal_routes_.end()) return found->second;
  if (!path.starts_with('/')) return nullptr;
  if (path.find('%') != std::string_view::npos) {
    const auto decoded = percent_decode(path);
    const auto found = decoded ? literal_routes_.find(*decoded) : literal_routes_.end();
    if (found != literal_routes_.end()) return found->second;
  }
  for (auto* candidate : parameter_routes_)
    if (matches_pattern(candidate->pattern, path, context.parameters_)) return candidate;
  context.parameters_.clear();
  for (auto* candidate : prefix_routes_)
    if (path.starts_with(std::string_view{candidate->pattern}.substr(0, candidate->pattern.size() - 1)))
      return candidate;
  return nullptr;
}

response not_found_response() { return error_response(status::not_found, "The path does not exist"); }

response not_implemented_response() { return error_response(status::not_implemented, "The method is not supported"); }

response method_not_allowed_response(const route& matched_route) {
  auto rejection = error_response(status::method_not_allowed, "The path does not support this method");
  rejection.set("Allow", matched_route.allowed_methods());
  return rejection;
}

response server_options_response(const router& routes) {
  std::vector<method> methods{method::options};
  for (const auto& entry : routes.routes()) {
    for (const auto& [verb, function] : entry->handlers) {
      if (std::find(methods.begin(), methods.end(), verb) == methods.end()) methods.push_back(verb);
    }
  }
  std::string allowed;
  for (const auto verb : methods) {
    append_method(allowed, std::string_view{boost::beast::http::to_string(verb)});
    if (verb == method::get) append_method(allowed, "HEAD");
  }
  response options{status::no_content};
  options.set("Allow", allowed);
  return options;
}

}  // namespace cohort::http
