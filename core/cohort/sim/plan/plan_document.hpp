// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The JSON document of a plan, before its values are validated.
namespace cohort::sim::plan_document {

struct cache {
  std::string ttl;
  std::optional<std::string> stale_while_revalidate;
  std::optional<std::string> stale_if_error;
  std::optional<bool> single_flight;
};
BOOST_DESCRIBE_STRUCT(cache, (), (ttl, stale_while_revalidate, stale_if_error, single_flight))

struct call {
  std::string to;
  std::optional<std::string> policy;
  std::optional<std::string> policy_variable;
  std::optional<plan_document::cache> cache;
};
BOOST_DESCRIBE_STRUCT(call, (), (to, policy, policy_variable, cache))

struct costs {
  std::optional<std::string> wake_up;
  std::optional<std::string> connection;
  std::optional<std::string> read;
  std::optional<std::string> response;
  std::optional<std::string> call;
  std::optional<std::map<std::string, std::string>> routes;
};
BOOST_DESCRIBE_STRUCT(costs, (), (wake_up, connection, read, response, call, routes))

struct service {
  std::string name;
  std::optional<std::string> program;
  std::optional<std::string> real_program;
  std::optional<std::int64_t> instances;
  std::optional<std::int64_t> cores;
  std::optional<std::int64_t> threads;
  std::optional<std::string> machine;
  std::optional<std::string> cpu;
  std::optional<std::string> latency;
  std::optional<plan_document::costs> costs;
  std::optional<std::vector<plan_document::call>> calls;
  std::optional<bool> needs_all_calls;
  std::optional<std::map<std::string, std::string>> environment;
};
BOOST_DESCRIBE_STRUCT(service, (),
                      (name, program, real_program, instances, cores, threads, machine, cpu, latency, costs, calls,
                       needs_all_calls, environment))

struct links {
  std::optional<std::string> min_latency;
  std::optional<std::string> max_latency;
  std::optional<std::string> jitter;
  std::optional<double> loss;
  std::optional<std::int64_t> bytes_per_second;
};
BOOST_DESCRIBE_STRUCT(links, (), (min_latency, max_latency, jitter, loss, bytes_per_second))

struct pauses {
  double per_second = 0;
  std::string length;
};
BOOST_DESCRIBE_STRUCT(pauses, (), (per_second, length))

struct idle_slowdown {
  double max_factor = 1;
  std::string full_after;
};
BOOST_DESCRIBE_STRUCT(idle_slowdown, (), (max_factor, full_after))

struct load {
  std::string service;
  std::optional<std::string> path;
  double rate = 0;
  std::string length;
  std::optional<std::string> patience;
  std::optional<std::int64_t> attempts;
  std::optional<std::string> backoff;
  std::optional<std::string> deadline;
  std::optional<bool> sends_deadline;
  std::optional<std::string> partial_result_text;
  std::optional<std::string> complete_result_text;
};
BOOST_DESCRIBE_STRUCT(load, (),
                      (service, path, rate, length, patience, attempts, backoff, deadline, sends_deadline,
                       partial_result_text, complete_result_text))

struct fault {
  std::string at;
  std::string lasts;
  std::string service;
  std::optional<double> slowdown;
  std::optional<std::string> extra_latency;
  std::optional<double> failure_ratio;
  std::optional<double> hang_ratio;
  std::optional<std::int64_t> killed;
  std::optional<std::int64_t> powered_off;
};
BOOST_DESCRIBE_STRUCT(fault, (),
                      (at, lasts, service, slowdown, extra_latency, failure_ratio, hang_ratio, killed, powered_off))

struct deploy {
  std::string at;
  std::string service;
  std::optional<std::int64_t> batch;
  std::optional<std::string> drain_timeout;
  std::optional<std::string> deregistration;
  std::optional<std::string> startup;
  std::optional<std::string> pause;
};
BOOST_DESCRIBE_STRUCT(deploy, (), (at, service, batch, drain_timeout, deregistration, startup, pause))

struct scenario {
  std::string name;
  std::vector<fault> faults;
  std::optional<std::vector<deploy>> deploys;
};
BOOST_DESCRIBE_STRUCT(scenario, (), (name, faults, deploys))

struct random_scenarios {
  std::vector<std::string> services;
  std::int64_t count = 0;
  std::optional<std::int64_t> seed;
};
BOOST_DESCRIBE_STRUCT(random_scenarios, (), (services, count, seed))

struct search_space {
  std::string service;
  std::string to;
  std::map<std::string, std::vector<std::string>> values;
};
BOOST_DESCRIBE_STRUCT(search_space, (), (service, to, values))

struct objective {
  std::optional<double> min_goodput;
  std::optional<std::string> max_p99;
  std::optional<double> max_amplification;
  std::optional<double> max_loss;
};
BOOST_DESCRIBE_STRUCT(objective, (), (min_goodput, max_p99, max_amplification, max_loss))

struct alert {
  std::string name;
  double max_error_ratio = 0;
  std::vector<std::string> windows;
  std::optional<std::string> hold;
};
BOOST_DESCRIBE_STRUCT(alert, (), (name, max_error_ratio, windows, hold))

struct rehearsal {
  double calibration_rate = 0;
  std::string length;
  std::optional<std::vector<double>> rates;
};
BOOST_DESCRIBE_STRUCT(rehearsal, (), (calibration_rate, length, rates))

struct plan {
  std::vector<service> services;
  std::optional<plan_document::links> links;
  std::optional<plan_document::pauses> pauses;
  std::optional<plan_document::idle_slowdown> idle_slowdown;
  plan_document::load load;
  std::optional<std::vector<scenario>> scenarios;
  std::optional<plan_document::random_scenarios> random_scenarios;
  std::optional<std::vector<search_space>> tune;
  std::optional<plan_document::objective> objective;
  std::optional<std::vector<alert>> alerts;
  std::optional<plan_document::rehearsal> rehearsal;
};
BOOST_DESCRIBE_STRUCT(plan, (),
                      (services, links, pauses, idle_slowdown, load, scenarios, random_scenarios, tune, objective,
                       alerts, rehearsal))

}  // namespace cohort::sim::plan_document
