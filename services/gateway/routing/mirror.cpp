// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/mirror.hpp"

#include <boost/url/parse.hpp>
#include <utility>

#include <cohort/runtime/loop.hpp>

namespace cohort::gateway {
namespace {

telemetry::counter& result_counter(telemetry::registry& metrics, const std::string& route, const char* result) {
  return metrics.make_counter("gateway_service_mirrored_requests_total",
                              "Copies of requests for the mirror of a route, by result: sent, failed (no response), "
                              "dropped (too many in flight), skipped (body too long or incomplete).",
                              {{"route", route}, {"result", result}});
}

}  // namespace

mirror::mirror(const std::string& route, const mirror_entry& entry, std::string base_url,
               const dependencies& dependencies)
    : target_(dependencies.target),
      background_(dependencies.background),
      base_url_(std::move(base_url)),
      probability_(entry.percent / 100.0),
      max_in_flight_(entry.max_in_flight),
      max_body_bytes_(entry.max_body_bytes),
      sent_(result_counter(dependencies.metrics, route, "sent")),
      failed_(result_counter(dependencies.metrics, route, "failed")),
      dropped_(result_counter(dependencies.metrics, route, "dropped")),
      skipped_(result_counter(dependencies.metrics, route, "skipped")),
      in_flight_(dependencies.loop_count) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
}

std::shared_ptr<mirrored_request> mirror::begin() {
  auto& current = loop::current();
  if (!current.random().bernoulli(probability_)) return nullptr;
  if (in_flight_.at(current.index()) >= max_in_flight_) {
    dropped_.increment();
    return nullptr;
  }
  return std::make_shared<mirrored_request>(shared_from_this());
}

task<> mirror::send(std::shared_ptr<mirrored_request> copy) {
  auto& owner = *copy->owner_;
  const call_context context{.deadline = deadline::never(), .request_id = copy->request_id_};
  auto call_task = owner.target_.call(std::move(copy->request_), context);
  const auto result = co_await std::move(call_task);
  (result.response ? owner.sent_ : owner.failed_).increment();
}

mirrored_request::mirrored_request(std::shared_ptr<mirror> owner)
    : owner_(std::move(owner)), loop_index_(loop::current().index()) {
  ++owner_->in_flight_.at(loop_index_);
}

mirrored_request::~mirrored_request() {
  --owner_->in_flight_.at(loop_index_);
  if (!is_started_) owner_->skipped_.increment();
}

void mirrored_request::copy_head(const http::client_request& request, std::string_view base_path,
                                 std::string_view request_id) {
  std::string_view target = request.url.encoded_target();
  if (target.starts_with(base_path)) target.remove_prefix(base_path.size());
  const auto text = owner_->base_url_ + std::string{target};
  const auto url = boost::urls::parse_uri(text);
  if (!url) return;
  request_.method = request.method;
  request_.url = *url;
  request_.fields = request.fields;
  request_id_ = request_id;
  has_head_ = true;
  if (!has_body_) start();
}

void mirrored_request::append_body(std::string_view part) {
  is_too_long_ = is_too_long_ || part.size() > owner_->max_body_bytes_ - request_.body.size();
  if (!is_too_long_) request_.body.append(part);
}

void mirrored_request::end_body() {
  if (has_head_ && !is_too_long_) start();
}

void mirrored_request::start() {
  if (std::exchange(is_started_, true)) return;
  owner_->background_.spawn(mirror::send(shared_from_this()));
}

}  // namespace cohort::gateway
