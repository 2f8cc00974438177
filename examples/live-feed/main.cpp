// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/service.hpp>

#include "examples/live-feed/app.hpp"

int main(int argc, char** argv) {
  cohort::service::definition feed;
  feed.name = "live-feed-service";
  feed.metric_prefix = "live_feed";
  feed.description = "Live feed: POST /api/scores, GET /events";
  feed.port = 5021;
  feed.app = [](cohort::service::service_context&, cohort::service::api_key_authenticator&) {
    return live_feed::app();
  };
  return cohort::service::run(argc, argv, std::move(feed));
}
