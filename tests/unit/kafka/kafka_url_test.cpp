// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/kafka/partition_offsets.hpp>
#include <cohort/kafka/url.hpp>

namespace cohort::test {
namespace {

using messaging::kafka::parse_url;
using messaging::kafka::sasl_mechanism;

std::string failure_of(std::string_view url) {
  const auto parsed = messaging::parse_broker_url(url, messaging::kafka::schemes());
  if (parsed) return {};
  CHECK(parsed.error().code == messaging::errc::invalid);
  return parsed.error().message;
}

TEST_CASE("kafka: a URL contains the brokers, the credentials and the use of TLS", "[kafka][url]") {
  CHECK(parse_url("kafka://one:9093,two,[::1]:9094/")->brokers == "one:9093,two:9092,[::1]:9094");
  CHECK(!parse_url("kafka://one")->tls);
  const auto login = parse_url("kafkas://us%65r:p%40ss@one?sasl=SCRAM-SHA-512")->credentials.value();
  CHECK(login.user == "user");
  CHECK(login.password == "p@ss");
  CHECK(login.mechanism == sasl_mechanism::scram_sha_512);
  CHECK(parse_url("kafka://user:pass@one")->credentials->mechanism == sasl_mechanism::plain);
  const std::string file = __FILE__;
  const auto tls_url = parse_url("kafkas://one?ca=" + file + "&certificate=" + file + "&key=" + file);
  CHECK(tls_url->tls->ca == file);
  CHECK(tls_url->tls->key == file);
  const auto endpoint = messaging::parse_broker_url("kafkas://user:secret@one", messaging::kafka::schemes());
  CHECK(endpoint->description() == "kafkas://one:9092");
}

TEST_CASE("kafka: the error for an invalid URL does not contain the URL", "[kafka][url]") {
  CHECK(failure_of("kafka://") == "the host is missing");
  CHECK(failure_of("kafka://one,,two") == "the host is missing");
  CHECK(failure_of("kafka://one,") == "the host after a comma is missing");
  CHECK(failure_of("kafka://one:0") == "a port is invalid; accepted: a number from 1 to 65535");
  CHECK(failure_of("kafka://one:70000") == "a port is invalid; accepted: a number from 1 to 65535");
  CHECK(failure_of("kafka://se cret:9092") == "a host has characters that are not accepted");
  CHECK(failure_of("kafka://one/topic") == "a path is not supported");
  CHECK(failure_of("kafka://one#x") == "a fragment is not supported");
  CHECK(failure_of("kafka://user@one") == "user and password must be given together, as USER:PASSWORD@");
  CHECK(failure_of("kafka://user:%zz@one") == "the user or the password is not percent-encoded");
  CHECK(failure_of("kafka://one?sasl=PLAIN") == "the parameter sasl requires a user and a password");
  CHECK(failure_of("kafka://u:p@one?sasl=GSSAPI") ==
        "the parameter sasl accepts PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512");
  CHECK(failure_of("kafka://one?ca=/x") == "the parameter ca needs TLS, kafkas://");
  CHECK(failure_of("kafkas://one?ca=/missing.pem") == "the file of the parameter ca cannot be read: /missing.pem");
  CHECK(failure_of("kafkas://one?key=" __FILE__) == "the parameters certificate and key must be given together");
  CHECK(failure_of("kafka://one?acks=0") ==
        "a parameter is unknown; accepted: sasl, and with kafkas:// also ca, certificate and key");
  CHECK(failure_of("nats://one") ==
        "accepted: amqp://USER:PASSWORD@HOST:PORT/VIRTUAL-HOST, amqps://, kafka://, kafkas://");
}

TEST_CASE("kafka: the position of a partition advances past acknowledged messages only", "[kafka]") {
  messaging::kafka::partition_offsets offsets;
  for (const auto offset : {10, 11, 13, 14}) offsets.add(offset);
  CHECK(!offsets.acknowledge(11));
  CHECK(offsets.acknowledge(10) == 12);
  CHECK(!offsets.acknowledge(10));
  CHECK(!offsets.acknowledge(14));
  CHECK(offsets.acknowledge(13) == 15);
  CHECK(!offsets.acknowledge(15));
  // The consumer rereads from an earlier position.
  offsets.add(20);
  offsets.add(12);
  CHECK(!offsets.acknowledge(20));
  CHECK(offsets.acknowledge(12) == 13);
}

}  // namespace
}  // namespace cohort::test
