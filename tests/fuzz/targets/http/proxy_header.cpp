// SPDX-License-Identifier: BSL-1.0
// Fuzzes the parser of PROXY protocol headers, parse_proxy_header.
#include <algorithm>

#include <cohort/net/proxy_protocol/proxy_header.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::proxy_header_target {
namespace {

using state = net::proxy_header::state;

void run(std::string_view input) {
  const auto full_result = net::parse_proxy_header(input);
  require(full_result.parsed != state::incomplete || full_result.size > input.size(),
          "an incomplete header needs more bytes");
  require((full_result.parsed == state::invalid) != full_result.error.empty(), "only an invalid header has an error");
  require(full_result.parsed == state::complete || !full_result.client_address,
          "only a complete header has a client address");
  if (full_result.parsed == state::complete) {
    require(full_result.size <= input.size(), "a complete header is within the bytes");
    require(full_result.size <= std::max(net::max_proxy_header_v1_size, net::max_proxy_header_v2_size),
            "the size of a header is limited");
  }
  // The bytes may arrive one by one. Check that further bytes do not change an earlier result.
  const auto bound = std::min(input.size(), net::max_proxy_header_v2_size + 1);
  for (std::size_t size = 0; size < bound; ++size) {
    const auto part = net::parse_proxy_header(input.substr(0, size));
    if (part.parsed == state::incomplete) continue;
    require(part.parsed == full_result.parsed && part.client_address == full_result.client_address,
            "the result does not depend on the segmentation of the bytes");
    require(part.parsed != state::complete || part.size == full_result.size,
            "the length does not depend on the segmentation of the bytes");
  }
}

const registration fuzz_registration{{.name = "proxy_header", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::proxy_header_target
