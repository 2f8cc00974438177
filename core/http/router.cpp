#include "core/http/router.hpp"

namespace cohort::http {
namespace {

std::string_view next_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  return segment;
}

bool matches_template(std::string_view pattern, std::string_view path,
                      std::vector<std::pair<std::string_view, std::string>>& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const auto expected = next_segment(pattern);
    const auto decoded = percent_decoded(next_segment(path));
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

}  // namespace

const handler* route::find(method wanted) const noexcept {
  for (const auto& [verb, handle] : methods)
    if (verb == wanted || (verb == method::get && wanted == method::head)) return &handle;
  return nullptr;
}

bool route::awaits() const noexcept {
  return std::any_of(methods.begin(), methods.end(),
                     [](const auto& each) { return std::holds_alternative<awaiting_handler>(each.second); });
}

std::string route::allowed() const {
  std::string list;
  for (const auto& [verb, handle] : methods) {
    if (!list.empty()) list += ", ";
    list += boost::beast::http::to_string(verb);
    if (verb == method::get) list += ", HEAD";
  }
  return list;
}

route& router::add(method verb, std::string pattern, handler handle) {
  for (auto& each : routes_) {
    if (each->pattern != pattern) continue;
    each->methods.emplace_back(verb, std::move(handle));
    return *each;
  }
  auto& made = *routes_.emplace_back(std::make_unique<route>());
  made.pattern = std::move(pattern);
  made.methods.emplace_back(verb, std::move(handle));
  made.index = routes_.size() - 1;
  if (made.pattern.ends_with("/*")) {
    prefixes_.push_back(&made);
  } else if (made.pattern.find('{') != std::string::npos) {
    templates_.push_back(&made);
  } else {
    literal_.emplace(made.pattern, &made);
  }
  return made;
}

const route* router::match(request_context& context) const {
  const auto path = context.head().path;
  if (const auto found = literal_.find(path); found != literal_.end()) return found->second;
  if (!path.starts_with('/')) return nullptr;
  if (path.find('%') != std::string_view::npos) {
    const auto decoded = percent_decoded(path);
    const auto found = decoded ? literal_.find(*decoded) : literal_.end();
    if (found != literal_.end()) return found->second;
  }
  for (auto* each : templates_)
    if (matches_template(each->pattern, path, context.parameters)) return each;
  context.parameters.clear();
  for (auto* each : prefixes_)
    if (path.starts_with(std::string_view{each->pattern}.substr(0, each->pattern.size() - 1))) return each;
  return nullptr;
}

response no_such_route() { return error_response(status::not_found, "No such path"); }

response unknown_method() { return error_response(status::not_implemented, "Unknown method"); }

response method_not_allowed(const route& found) {
  auto answer = error_response(status::method_not_allowed, "Method not allowed here");
  answer.set("Allow", found.allowed());
  return answer;
}

}  // namespace cohort::http
