// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <cohort/http/message/response.hpp>
#include <cohort/service/service.hpp>
#include "services/gateway/gateway.hpp"

namespace cohort::gateway {

/// The OpenAPI documents of the upstreams, and the merged document. If a document cannot be fetched, its last version
/// stays in use, and the other documents are not affected.
class openapi_documents {
 public:
  /// `context` must outlive this object.
  openapi_documents(const service::service_context& context, std::shared_ptr<gateway> forwarder);

  /// Fetches the documents of all upstreams concurrently, each for at most `fetch_timeout`, and merges them. Runs on a
  /// loop.
  static task<> refresh(std::shared_ptr<openapi_documents> self);
  /// The merged document. Thread-safe.
  http::response response() const;

  static constexpr duration fetch_timeout = std::chrono::seconds{5};
  /// Maximum total size of the documents; documents beyond it count as unavailable.
  static constexpr std::size_t max_total_bytes = std::size_t{4} << 20U;

 private:
  struct document {
    std::string text;
    bool is_current = false;
  };

  static task<> fetch(std::shared_ptr<openapi_documents> self, std::string upstream, std::string url);
  void record(const std::string& upstream, std::string text);
  void merge(const route_table& routes);

  const service::service_context context_;
  std::shared_ptr<gateway> forwarder_;
  /// Used on the first loop only.
  std::map<std::string, document> documents_;
  bool is_refreshing_ = false;
  mutable std::mutex mutex_;
  std::string merged_document_;
};

}  // namespace cohort::gateway
