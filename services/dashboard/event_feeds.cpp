// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/event_feeds.hpp"

namespace cohort::dashboard {

std::shared_ptr<event_feed> event_feeds::current() {
  auto& event_loop = loop::current();
  auto& feed = by_loop_.at(event_loop.index());
  if (!feed) {
    feed = std::make_shared<event_feed>(background_, services_, alerts_, requests_);
    const std::lock_guard lock{mutex_};
    all_.emplace_back(&event_loop, feed);
  }
  return feed;
}

void event_feeds::check_authorizations() {
  const std::lock_guard lock{mutex_};
  for (const auto& [event_loop, feed] : all_) {
    asio::post(event_loop->get_executor(), [weak_feed = std::weak_ptr{feed}] {
      if (const auto alive = weak_feed.lock()) alive->check_authorizations();
    });
  }
}

}  // namespace cohort::dashboard
