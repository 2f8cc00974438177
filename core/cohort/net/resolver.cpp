// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/resolver.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <cohort/net/system/system_lookup.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>

namespace cohort::net {
namespace {

using clock_type = std::chrono::steady_clock;

/// A coroutine that waits for a lookup.
struct lookup_waiter {
  std::shared_ptr<cross_thread_event> done = cross_thread_event::make();
  std::optional<resolver::addresses> result;
  /// The result for a request whose lookup takes too long.
  std::optional<resolver::addresses> stale_result;
};

}  // namespace

/// Shared with the lookup threads, which are detached so that a lookup that hangs does not delay the program's exit.
class resolver::state : public std::enable_shared_from_this<state> {
 public:
  state(lookup_function lookup, settings config) : lookup_(std::move(lookup)), settings_(config) {}

  void start_threads() {
    for (std::size_t i = 0; i < settings_.threads; ++i) {
      std::thread([self = shared_from_this()] { self->run_lookups(); }).detach();
    }
  }

  void stop() {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
    lookup_available_.notify_all();
  }

  /// Returns the cached result, or an empty optional if `waiter` will receive the result of the lookup.
  std::optional<addresses> find_or_wait(const std::string& host, const std::shared_ptr<lookup_waiter>& waiter) {
    const std::lock_guard lock{mutex_};
    if (names_.size() >= settings_.max_names && !names_.contains(host)) discard_idle_names();
    auto& name = names_[host];
    const auto now = clock_type::now();
    if (name.cached && now < name.stale_time) return name.cached;
    if (!name.is_lookup_pending) {
      name.is_lookup_pending = true;
      pending_.push_back(host);
      lookup_available_.notify_one();
    }
    if (name.cached && name.cached->has_value() && now < name.expiry_time) {
      if (now < name.stale_time + settings_.stale_while_revalidate) return name.cached;
      waiter->stale_result = name.cached;
    }
    name.waiters.push_back(waiter);
    return std::nullopt;
  }

  duration client_response_timer() const noexcept { return settings_.client_response_timer; }

 private:
  struct name_entry {
    std::optional<addresses> cached;
    clock_type::time_point stale_time;
    clock_type::time_point expiry_time;
    bool is_lookup_pending = false;
    std::vector<std::shared_ptr<lookup_waiter>> waiters;
  };

  addresses look_up(const std::string& host) {
    try {
      return lookup_(host);
    } catch (const std::exception&) {
      return error_code{asio::error::no_memory};  // the only expected exception is std::bad_alloc
    }
  }

  void run_lookups() {
    std::unique_lock lock{mutex_};
    for (;;) {
      lookup_available_.wait(lock, [this] { return is_stopping_ || !pending_.empty(); });
      if (is_stopping_) return;
      const auto host = std::move(pending_.front());
      pending_.pop_front();
      lock.unlock();
      auto found = look_up(host);
      lock.lock();
      if (is_stopping_) return;
      store(names_[host], std::move(found));
    }
  }

  void store(name_entry& name, addresses found) {
    const auto now = clock_type::now();
    name.is_lookup_pending = false;
    if (found) {
      name.cached = std::move(found);
      name.stale_time = now + settings_.ttl;
      name.expiry_time = now + settings_.max_stale_age;
    } else {
      // Only `host_not_found` means that the name does not exist; other errors mean that the resolver failed.
      const bool is_unknown_host = found.error() == asio::error::host_not_found;
      const bool keeps_cached_result =
          !is_unknown_host && name.cached && name.cached->has_value() && now < name.expiry_time;
      if (!keeps_cached_result) name.cached = std::move(found);
      name.stale_time = now + settings_.negative_ttl;
    }
    for (auto& waiter : std::exchange(name.waiters, {})) {
      waiter->result = name.cached;
      waiter->done->set();
    }
  }

  void discard_idle_names() {
    std::erase_if(names_,
                  [](const auto& entry) { return !entry.second.is_lookup_pending && entry.second.waiters.empty(); });
  }

  lookup_function lookup_;
  settings settings_;
  std::mutex mutex_;
  std::condition_variable lookup_available_;
  std::deque<std::string> pending_;
  std::unordered_map<std::string, name_entry> names_;
  bool is_stopping_ = false;
};

resolver::resolver() : resolver(system_lookup, settings{}) {}

resolver::resolver(lookup_function lookup, settings config)
    : state_(std::make_shared<state>(std::move(lookup), config)) {
  state_->start_threads();
}

resolver::~resolver() { state_->stop(); }

task<result<std::vector<endpoint>>> resolver::resolve(std::string host, std::uint16_t port, deadline resolve_deadline) {
  std::vector<endpoint> endpoints;
  error_code parse_error;
  const auto parsed_address = asio::ip::make_address(host, parse_error);
  if (!parse_error) {
    endpoints.emplace_back(parsed_address, port);
    co_return endpoints;
  }
  auto waiter = std::make_shared<lookup_waiter>();
  auto found = state_->find_or_wait(host, waiter);
  if (!found) {
    auto lookup_deadline = resolve_deadline;
    if (waiter->stale_result) {
      const auto stale_deadline = deadline::after(loop::current().now(), state_->client_response_timer());
      lookup_deadline = std::min(resolve_deadline, stale_deadline);
    }
    const auto status = co_await waiter->done->wait(lookup_deadline);
    if (status == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    found = status == wait_status::timed_out ? waiter->stale_result : waiter->result;
    if (!found) co_return error_code{asio::error::timed_out};
  }
  if (!*found) co_return found->error();
  for (const auto& address : **found) endpoints.emplace_back(address, port);
  co_return endpoints;
}

}  // namespace cohort::net
