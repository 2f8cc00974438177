// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/net/network.hpp>

namespace cohort::net {

/// Runs `serve` for each connection of `acceptor`, concurrently, until the acceptor is closed or the task is cancelled.
/// Then closes the acceptor, cancels the calls of `serve` and waits for them. An exception from `serve` closes only its
/// connection. All calls run on the calling loop. The number of connections is not limited, so use this function only
/// for servers of tests and simulations.
task<> serve_connections(std::unique_ptr<acceptor> acceptor, std::function<task<>(stream_ptr)> serve);

}  // namespace cohort::net
