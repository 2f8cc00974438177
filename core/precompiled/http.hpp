// SPDX-License-Identifier: BSL-1.0
// Precompiled header of `http` and of the modules directly above it. Contains headers of lower layers that almost every
// file includes.
#pragma once

#include "runtime.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <cohort/net/network.hpp>
#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/telemetry/metrics.hpp>
