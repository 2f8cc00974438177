#include "core/net/resolver.hpp"

#include <netdb.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "core/runtime/remote_event.hpp"

namespace cohort::net {
namespace {

using clock_type = std::chrono::steady_clock;

/// One coroutine's wait for a name.
struct name_waiter {
  std::shared_ptr<remote_event> answered = remote_event::make();
  std::optional<resolver::addresses> answer;
};

error_code error_from_getaddrinfo(int code) {
  switch (code) {
    case EAI_AGAIN: return asio::error::host_not_found_try_again;
    case EAI_FAIL: return asio::error::no_recovery;
    case EAI_MEMORY: return asio::error::no_memory;
    default: return asio::error::host_not_found;
  }
}

resolver::addresses ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return error_from_getaddrinfo(code);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
  std::vector<asio::ip::address> all;
  for (const auto* each = found; each; each = each->ai_next) {
    endpoint raw;
    if (each->ai_addrlen > raw.capacity()) continue;
    std::memcpy(raw.data(), each->ai_addr, each->ai_addrlen);
    raw.resize(each->ai_addrlen);
    if (std::find(all.begin(), all.end(), raw.address()) == all.end()) all.push_back(raw.address());
  }
  if (all.empty()) return error_code{asio::error::host_not_found};
  return all;
}

}  // namespace

/// Shared with the threads, which are left behind if they hang in a look-up when the program ends.
class resolver::state : public std::enable_shared_from_this<state> {
 public:
  state(lookup how, settings limits) : how_(std::move(how)), limits_(limits) {}

  void start_threads() {
    for (std::size_t i = 0; i < limits_.threads; ++i) {
      std::thread([self = shared_from_this()] { self->work(); }).detach();
    }
  }

  void stop() {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    wake_.notify_all();
  }

  /// A remembered answer, else null and `waiter` will hear.
  std::optional<addresses> find_or_wait(const std::string& host, const std::shared_ptr<name_waiter>& waiter) {
    const std::lock_guard lock{mutex_};
    if (names_.size() >= limits_.most_names && !names_.contains(host)) forget_idle_names();
    auto& name = names_[host];
    const auto now = clock_type::now();
    if (name.known && now < name.fresh_until) return name.known;
    if (!name.asked) {
      name.asked = true;
      questions_.push_back(host);
      wake_.notify_one();
    }
    if (name.known && name.known->has_value() && now < name.usable_until) return name.known;
    name.waiters.push_back(waiter);
    return std::nullopt;
  }

 private:
  struct name_entry {
    std::optional<addresses> known;
    clock_type::time_point fresh_until;
    clock_type::time_point usable_until;
    bool asked = false;
    std::vector<std::shared_ptr<name_waiter>> waiters;
  };

  addresses asked(const std::string& host) {
    try {
      return how_(host);
    } catch (const std::exception&) {
      return error_code{asio::error::no_memory};  // what else should there be to throw
    }
  }

  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
      if (stopping_) return;
      const auto host = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      auto answer = asked(host);
      lock.lock();
      if (stopping_) return;
      remember(names_[host], std::move(answer));
    }
  }

  void remember(name_entry& name, addresses answer) {
    const auto now = clock_type::now();
    name.asked = false;
    if (answer) {
      name.known = std::move(answer);
      name.fresh_until = now + limits_.fresh;
      name.usable_until = now + limits_.usable;
    } else {
      // A resolver that is ill says nothing about the name; one that says it is gone does.
      const bool gone = answer.error() == asio::error::host_not_found;
      const bool old_answer_serves = !gone && name.known && name.known->has_value() && now < name.usable_until;
      if (!old_answer_serves) name.known = std::move(answer);
      name.fresh_until = now + limits_.failure;
    }
    for (auto& waiter : std::exchange(name.waiters, {})) {
      waiter->answer = name.known;
      waiter->answered->set();
    }
  }

  void forget_idle_names() {
    std::erase_if(names_, [](const auto& each) { return !each.second.asked && each.second.waiters.empty(); });
  }

  lookup how_;
  settings limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> questions_;
  std::unordered_map<std::string, name_entry> names_;
  bool stopping_ = false;
};

resolver::resolver() : resolver(ask_system, settings{}) {}

resolver::resolver(lookup how, settings limits) : state_(std::make_shared<state>(std::move(how), limits)) {
  state_->start_threads();
}

resolver::~resolver() { state_->stop(); }

task<result<std::vector<endpoint>>> resolver::resolve(std::string host, std::uint16_t port, deadline until) {
  std::vector<endpoint> all;
  error_code not_numeric;
  const auto numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    all.emplace_back(numeric, port);
    co_return all;
  }
  auto waiter = std::make_shared<name_waiter>();
  auto answer = state_->find_or_wait(host, waiter);
  if (!answer) {
    const auto how = co_await waiter->answered->wait(until);
    if (how == wait_status::timed_out) co_return error_code{asio::error::timed_out};
    if (how == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
    answer = waiter->answer;
  }
  if (!*answer) co_return answer->error();
  for (const auto& address : **answer) all.emplace_back(address, port);
  co_return all;
}

}  // namespace cohort::net
