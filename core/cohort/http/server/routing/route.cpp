// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/route.hpp>

#include <algorithm>
#include <array>

#include <cohort/http/server/routing/routing_table.hpp>

namespace cohort::http {
namespace {

/// The methods of `any`: those of RFC 9110 section 9.3 and PATCH, except TRACE and CONNECT.
constexpr std::array standard_methods{method::get,     method::head,    method::post, method::put,
                                      method::delete_, method::options, method::patch};

/// TRACE would return credentials of the request (RFC 9110 section 9.3.8), and CONNECT needs a tunnel.
constexpr bool needs_own_handler(method verb) noexcept { return verb == method::trace || verb == method::connect; }

}  // namespace

operation& operation::probe() {
  settings_.is_probe = true;
  resolve_pipeline();
  return *this;
}

std::string_view operation::method_name() const noexcept {
  return verb_ == method::unknown ? std::string_view{"ANY"} : std::string_view{boost::beast::http::to_string(verb_)};
}

std::string operation::location() const {
  const std::string_view file{location_.file_name()};
  return std::string{file.substr(file.rfind('/') + 1)} + ":" + std::to_string(location_.line());
}

void operation::resolve_pipeline() {
  pipeline_ = settings_.is_probe ? pipeline{} : group_->steps;
  if (!settings_.is_probe) pipeline_.append(own_steps_);
}

const operation* route::find_operation(method verb) const noexcept {
  const operation* fallback = nullptr;
  for (const auto& candidate : operations_) {
    if (candidate->verb() == verb) return candidate.get();
    const bool is_implied = candidate->verb() == method::get && verb == method::head;
    const bool is_any = candidate->verb() == method::unknown && !needs_own_handler(verb);
    if (is_implied || (is_any && !fallback)) fallback = candidate.get();
  }
  return fallback;
}

bool route::is_async() const noexcept {
  return std::any_of(operations_.begin(), operations_.end(), [](const auto& entry) { return entry->is_async(); });
}

bool route::is_probe() const noexcept {
  return std::any_of(operations_.begin(), operations_.end(),
                     [](const auto& entry) { return entry->settings().is_probe; });
}

std::vector<method> route::allowed_methods() const {
  std::vector<method> allowed;
  const auto add = [&](method verb) {
    if (std::ranges::find(allowed, verb) == allowed.end()) allowed.push_back(verb);
  };
  for (const auto& entry : operations_) {
    if (entry->verb() == method::unknown) {
      std::ranges::for_each(standard_methods, add);
    } else {
      add(entry->verb());
      if (entry->verb() == method::get) add(method::head);
    }
  }
  return allowed;
}

}  // namespace cohort::http
