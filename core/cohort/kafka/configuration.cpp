// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/configuration.hpp>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include <cohort/messaging/message.hpp>

namespace cohort::messaging::kafka {
namespace {

using properties = std::vector<std::pair<const char*, std::string>>;

std::string in_milliseconds(duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

const char* mechanism_name(sasl_mechanism mechanism) noexcept {
  switch (mechanism) {
    case sasl_mechanism::plain: return "PLAIN";
    case sasl_mechanism::scram_sha_256: return "SCRAM-SHA-256";
    case sasl_mechanism::scram_sha_512: break;
  }
  return "SCRAM-SHA-512";
}

void add_security(const settings& configured, properties& added) {
  const std::string transport = configured.tls ? "SSL" : "PLAINTEXT";
  added.emplace_back("security.protocol", (configured.credentials ? "SASL_" : "") + transport);
  if (const auto& login = configured.credentials) {
    added.emplace_back("sasl.mechanism", mechanism_name(login->mechanism));
    added.emplace_back("sasl.username", login->user);
    added.emplace_back("sasl.password", login->password);
  }
  if (!configured.tls) return;
  added.emplace_back("ssl.endpoint.identification.algorithm", "https");
  const auto& files = *configured.tls;
  if (!files.ca.empty()) added.emplace_back("ssl.ca.location", files.ca);
  if (files.certificate.empty()) return;
  added.emplace_back("ssl.certificate.location", files.certificate);
  added.emplace_back("ssl.key.location", files.key);
}

void add_connection(const settings& configured, properties& added) {
  added.emplace_back("bootstrap.servers", configured.brokers);
  added.emplace_back("client.id", configured.client_id);
  added.emplace_back("socket.timeout.ms", in_milliseconds(configured.request_timeout));
  added.emplace_back("reconnect.backoff.ms", in_milliseconds(configured.min_backoff));
  added.emplace_back("reconnect.backoff.max.ms", in_milliseconds(configured.max_backoff));
  added.emplace_back("socket.keepalive.enable", "true");
  // Statistics contain the state of each connection; librdkafka has no event for it.
  added.emplace_back("statistics.interval.ms", "1000");
  // Keeps connections in use: brokers close them after 10 idle minutes.
  added.emplace_back("topic.metadata.refresh.interval.ms", "60000");
}

void add_producer(const settings& configured, properties& added) {
  // A confirmed message is stored once and in order on all in-sync replicas, even if librdkafka resends it.
  added.emplace_back("enable.idempotence", "true");
  added.emplace_back("acks", "all");
  // A topic that is still missing after this time is an error. Until then, another client may be creating it.
  added.emplace_back("topic.metadata.propagation.max.ms", in_milliseconds(configured.request_timeout / 2));
  added.emplace_back("request.timeout.ms", in_milliseconds(configured.request_timeout));
  // The publisher hands over its messages in batches; 1 ms collects them.
  added.emplace_back("linger.ms", "1");
  // Messages without a key are spread over the partitions, and so over the members of a group.
  added.emplace_back("sticky.partitioning.linger.ms", "0");
  constexpr auto max_message = message_limits::max_body_size + message_limits::max_headers_size + 4096;
  added.emplace_back("message.max.bytes", std::to_string(max_message));
}

void add_consumer(const settings& configured, const group_settings& group, properties& added) {
  added.emplace_back("group.id", group.group);
  added.emplace_back("auto.offset.reset", group.starts_with_oldest ? "earliest" : "latest");
  added.emplace_back("session.timeout.ms", in_milliseconds(configured.session_timeout));
  added.emplace_back("heartbeat.interval.ms", in_milliseconds(configured.session_timeout / 4));
  // Acknowledged offsets are stored locally, and committed at intervals and when a partition is revoked.
  added.emplace_back("enable.auto.offset.store", "false");
  added.emplace_back("enable.auto.commit", "true");
  added.emplace_back("auto.commit.interval.ms", in_milliseconds(configured.commit_interval));
  added.emplace_back("allow.auto.create.topics", "true");
  // Limits of the prefetched messages.
  added.emplace_back("queued.min.messages", "10000");
  added.emplace_back("queued.max.messages.kbytes", "8192");
}

}  // namespace

result<owned<rd_kafka_conf_t>> make_configuration(const settings& configured, const group_settings* group) {
  properties added;
  add_connection(configured, added);
  add_security(configured, added);
  if (group) {
    add_consumer(configured, *group, added);
  } else {
    add_producer(configured, added);
  }
  owned<rd_kafka_conf_t> configuration{rd_kafka_conf_new()};
  std::array<char, 512> text{};
  for (const auto& [name, value] : added) {
    if (rd_kafka_conf_set(configuration.get(), name, value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      // The error text of librdkafka can contain the value, which can be a password.
      return error{errc::invalid, std::string{"librdkafka does not accept the value of "} + name};
    }
  }
  // Errors arrive as events. Without this callback, librdkafka logs to standard error.
  rd_kafka_conf_set_log_cb(configuration.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_events(configuration.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR |
                                                    RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_STATS);
  return result<owned<rd_kafka_conf_t>>{std::move(configuration)};
}

}  // namespace cohort::messaging::kafka
