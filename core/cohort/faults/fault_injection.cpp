// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injection.hpp>

#include <boost/asio/ip/address.hpp>
#include <memory>
#include <optional>

#include <cohort/faults/fault_injector.hpp>
#include <cohort/service/service.hpp>
#include <cohort/service/settings.hpp>

namespace cohort::faults {
namespace {

/// Fault injection for one service. All services of a program share `is_enabled`.
class fault_injection final : public service::extension {
 public:
  fault_injection(std::shared_ptr<bool> is_enabled, bool adds_option)
      : is_enabled_(std::move(is_enabled)), adds_option_(adds_option) {}

  void add_options(config::options& options) override {
    if (!adds_option_) return;
    options.add_switch(*is_enabled_, {"--enable-faults", "ENABLE_FAULTS",
                                      "Enable fault injection at /api/faults, for tests and demonstrations"});
  }

  std::optional<std::string> find_conflict(const service::common_settings& settings) const override {
    const bool is_loopback = boost::asio::ip::make_address(settings.host).is_loopback();
    if (!*is_enabled_ || is_loopback || !settings.api_keys.empty()) return std::nullopt;
    return "--host is \"" + settings.host +
           "\", but must be a loopback address such as 127.0.0.1 with --enable-faults (ENABLE_FAULTS), unless API_KEY "
           "is set";
  }

  void install(const service::extension_context& context) override {
    if (!*is_enabled_) return;
    context.log.write(telemetry::log_level::warn, "fault injection is enabled at /api/faults");
    injector_.emplace(context.loops, context.metrics, context.log).install(context.routes);
  }

  void begin_drain() override {
    if (injector_) injector_->end();
  }

 private:
  std::shared_ptr<bool> is_enabled_;
  /// Whether this service adds the flag; true for one service of each program.
  bool adds_option_;
  std::optional<fault_injector> injector_;
};

}  // namespace

void add_fault_injection(std::span<service::definition> services, std::shared_ptr<bool> is_enabled) {
  for (auto& service : services) {
    service.extensions.push_back(std::make_shared<fault_injection>(is_enabled, &service == &services.front()));
  }
}

void add_fault_injection(service::definition& service, std::shared_ptr<bool> is_enabled) {
  add_fault_injection(std::span{&service, 1}, std::move(is_enabled));
}

}  // namespace cohort::faults
