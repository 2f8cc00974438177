// SPDX-License-Identifier: BSL-1.0
// Prints the brokers of a broker URL.
#include <cohort/kafka/url.hpp>
#include <iostream>

int main(int argc, char** argv) {
  const auto parsed = cohort::messaging::parse_broker_url(argc > 1 ? argv[1] : "", cohort::messaging::kafka::schemes());
  if (!parsed) {
    std::cerr << parsed.error().message << '\n';
    return 2;
  }
  std::cout << parsed->description() << '\n';
}
