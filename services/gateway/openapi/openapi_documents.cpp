// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/openapi/openapi_documents.hpp"

#include <boost/url/parse.hpp>
#include <set>
#include <utility>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/version.hpp>
#include "services/gateway/openapi/document_merger.hpp"

namespace cohort::gateway {
namespace {

telemetry::gauge& availability_gauge(telemetry::registry& metrics, const std::string& upstream) {
  return metrics.make_gauge("gateway_service_openapi_document_available",
                            "1 if the last fetch of the upstream's OpenAPI document succeeded, otherwise 0.",
                            {{"upstream", upstream}});
}

}  // namespace

openapi_documents::openapi_documents(const service::service_context& context, std::shared_ptr<gateway> forwarder)
    : context_(context), forwarder_(std::move(forwarder)) {}

http::response openapi_documents::response() const {
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    text = merged_document_;
  }
  if (text.empty()) return http::overload_response("The documents are being fetched");
  auto response = http::json_response(std::move(text));
  response.set("Cache-Control", "no-cache");
  return response;
}

task<> openapi_documents::fetch(std::shared_ptr<openapi_documents> self, std::string upstream, std::string url) {
  http::client_request request;
  request.url = boost::urls::parse_uri(url).value();
  request.fields.emplace_back("Accept", "application/json");
  const auto call_deadline = deadline::after(loop::current().now(), fetch_timeout);
  auto fetch_task = http::fetch(self->context_.client, std::move(request), call_deadline);
  auto response = co_await std::move(fetch_task);
  const bool is_ok = response && response->status == http::status::ok;
  self->record(upstream, is_ok ? std::move(response->body) : std::string{});
}

void openapi_documents::record(const std::string& upstream, std::string text) {
  auto& known = documents_[upstream];
  known.is_current = !text.empty();
  if (known.is_current) known.text = std::move(text);
}

task<> openapi_documents::refresh(std::shared_ptr<openapi_documents> self) {
  if (std::exchange(self->is_refreshing_, true)) co_return;
  const auto table = self->forwarder_->table();
  std::erase_if(self->documents_, [&](const auto& known) { return !table->file().upstreams.contains(known.first); });
  {
    task_group fetches{[&log = self->context_.log](const std::exception_ptr& failure) {
      const auto reason = exception_message(failure);
      log.write(telemetry::log_level::error, "OpenAPI document not fetched", {{"error", std::string_view{reason}}});
    }};
    for (const auto& [name, upstream] : table->file().upstreams) {
      if (upstream.openapi.empty()) continue;
      auto url = upstream.url;
      while (url.ends_with('/')) url.pop_back();
      fetches.spawn(fetch(self, name, url + upstream.openapi));
    }
    co_await fetches.join();
  }
  self->merge(*table);
  self->is_refreshing_ = false;
}

void openapi_documents::merge(const route_table& routes) {
  document_merger merger{routes};
  std::set<std::string> unavailable;
  std::size_t total = 0;
  for (const auto& [name, known] : documents_) {
    total += known.text.size();
    const bool is_added = total <= max_total_bytes && !known.text.empty() && merger.add(name, known.text);
    const bool is_available = known.is_current && is_added;
    if (!is_available) unavailable.insert(name);
    auto& gauge = availability_gauge(context_.metrics, name);
    gauge.add((is_available ? 1 : 0) - gauge.value());
  }
  auto text = merger.text(cohort::version(), unavailable);
  const std::lock_guard lock{mutex_};
  merged_document_ = std::move(text);
}

}  // namespace cohort::gateway
