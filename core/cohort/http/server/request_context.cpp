// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/request_context.hpp>

#include <stdexcept>

#include <cohort/http/message/response.hpp>
#include <cohort/http/server/router.hpp>

namespace cohort::http {

std::string_view request_context::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters_)
    if (key == name) return value;
  const auto pattern = route_ ? "route " + route_->pattern : std::string{"request without a route"};
  throw std::logic_error{pattern + " has no path parameter {" + std::string{name} + "}"};
}

std::string_view request_context::endpoint() const noexcept {
  return route_ ? std::string_view{route_->pattern} : std::string_view{"unmatched"};
}

task<bool> request_context::send_interim(const response& interim) {
  if (!interim_sender_) co_return false;
  auto send_task = interim_sender_->send_interim(interim);
  co_return co_await std::move(send_task);
}

namespace {

/// The callbacks are stored like any other value of the request, so that a request without callbacks needs no memory
/// for them.
struct sent_callbacks {
  std::vector<std::function<void(const sent_response&)>> callbacks;
};

}  // namespace

void request_context::on_sent(std::function<void(const sent_response&)> callback) {
  auto* callback_list = get<sent_callbacks>();
  if (!callback_list) callback_list = &set(sent_callbacks{});
  callback_list->callbacks.push_back(std::move(callback));
}

bool request_context::has_sent_callbacks() const noexcept { return get<sent_callbacks>() != nullptr; }

void request_context::notify_sent(const sent_response& response) {
  if (const auto* callback_list = get<sent_callbacks>()) {
    for (const auto& callback : callback_list->callbacks) callback(response);
  }
}

}  // namespace cohort::http
