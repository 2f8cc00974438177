// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/upstream_catalog.hpp"

namespace cohort::gateway {

std::shared_ptr<http::upstream> upstream_catalog::find_or_add(const std::string& name, const std::string& policy) {
  const auto key = std::pair{name, policy};
  if (const auto known = upstreams_.find(key); known != upstreams_.end()) return known->second;
  if (upstreams_.size() >= max_upstreams) return nullptr;
  const auto settings = http::upstream_policy({}).parse(policy);
  auto added = std::make_shared<http::upstream>(context_.make_upstream(name, settings.value()));
  return upstreams_.emplace(key, std::move(added)).first->second;
}

std::shared_ptr<http::upstream> upstream_catalog::find_or_add_mirror(const std::string& name,
                                                                     const std::string& policy) {
  return find_or_add(name + "-mirror", policy + (policy.empty() ? "" : ",") + "attempts=1,hedge=off");
}

}  // namespace cohort::gateway
