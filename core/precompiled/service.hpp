// SPDX-License-Identifier: BSL-1.0
// Precompiled header of `service` and of all modules and programs above it.
#pragma once

#include "http.hpp"

#include <simdjson.h>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/service/service.hpp>
