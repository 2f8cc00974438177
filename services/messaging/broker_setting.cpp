// SPDX-License-Identifier: BSL-1.0
#include "services/messaging/broker_setting.hpp"

#include <cohort/service/lifecycle/service_lifecycle.hpp>

#ifdef COHORT_KAFKA
#include <cohort/kafka/url.hpp>
#endif

namespace cohort {
namespace {

/// The URL schemes of the optional modules in this program.
std::vector<messaging::broker_scheme> optional_schemes() {
#ifdef COHORT_KAFKA
  return messaging::kafka::schemes();
#else
  return {};
#endif
}

task<> fail_start(std::string reason) {
  throw service::start_error{reason, 2};
  co_return;
}

}  // namespace

void broker_setting::add_to(config::options& options, std::string flag, std::string help) {
  options.add_secret(url, {std::move(flag), "MESSAGING_URL", std::move(help)});
}

std::optional<messaging::broker_endpoint> broker_setting::resolve(const service::service_context& context) const {
  if (url.empty()) return std::nullopt;
  auto parsed = messaging::parse_broker_url(url, optional_schemes());
  if (parsed) return std::move(*parsed);
  context.on_start(
      fail_start("MESSAGING_URL is invalid (not shown, because it can contain a password): " + parsed.error().message));
  return std::nullopt;
}

}  // namespace cohort
