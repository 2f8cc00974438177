// SPDX-License-Identifier: BSL-1.0
#include "simulation/report/program.hpp"

#include <exception>
#include <iostream>

#include "simulation/report/page.hpp"

namespace cohort::simulation {

int run_program(std::string_view name, config::options& options, int argc, const char* const* argv,
                const std::function<int(const std::string& command)>& run) {
  if (const auto exit = options.parse(argc, argv, {})) {
    (exit->status == 0 ? std::cout : std::cerr) << exit->text;
    return exit->status;
  }
  try {
    return run(command_line(argc, argv));
  } catch (const std::exception& failure) {
    std::cerr << name << ": " << failure.what() << "\n";
    return 2;
  }
}

}  // namespace cohort::simulation
