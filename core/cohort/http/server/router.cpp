// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/router.hpp>

#include <algorithm>
#include <stdexcept>

namespace cohort::http {
namespace {

std::string join_methods(const std::vector<method>& methods) {
  std::string list;
  for (const auto verb : methods) {
    if (!list.empty()) list += ", ";
    list += std::string_view{boost::beast::http::to_string(verb)};
  }
  return list;
}

}  // namespace

void route_group::mount(const std::string& prefix, router router) {
  if (!router.table_) throw std::logic_error{"mount(\"" + prefix + "\") of a router that was moved from"};
  table_->mount(*state_, prefix, std::move(*router.table_));
}

const route* router::match(request_context& context) const {
  static const pipeline no_steps;
  context.parameters_.clear();
  const auto& head = context.head();
  const auto* found = table_->find(head.path, context.parameters_);
  context.route_ = found;
  context.operation_ = found ? found->find_operation(head.method) : nullptr;
  if (context.operation_) {
    context.pipeline_ = &context.operation_->steps();
  } else if (!found) {
    context.pipeline_ = &table_->pipeline_without_route(head.path);
  } else {
    context.pipeline_ = found->is_probe() ? &no_steps : &found->operations().front()->group().steps;
  }
  return found;
}

response not_found_response() { return error_response(status::not_found, "The path does not exist"); }

response not_implemented_response() { return error_response(status::not_implemented, "The method is not supported"); }

response method_not_allowed_response(const route& matched_route) {
  auto rejection = error_response(status::method_not_allowed, "The path does not support this method");
  rejection.set("Allow", join_methods(matched_route.allowed_methods()));
  return rejection;
}

response server_options_response(const router& routes) {
  std::vector<method> methods{method::options};
  for (const auto& entry : routes.routes()) {
    for (const auto verb : entry->allowed_methods()) {
      if (std::find(methods.begin(), methods.end(), verb) == methods.end()) methods.push_back(verb);
    }
  }
  response options{status::no_content};
  options.set("Allow", join_methods(methods));
  return options;
}

}  // namespace cohort::http
