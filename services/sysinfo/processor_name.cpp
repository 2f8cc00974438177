// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/processor_name.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <cohort/runtime/platform/proc_file.hpp>
#include "services/sysinfo/arm_cores.hpp"

namespace cohort::sysinfo {
namespace {

using namespace platform;

struct machine_type {
  unsigned id;
  std::string_view name;
};

/// Source: setup_elf_platform in the kernel's arch/s390/kernel/processor.c, and IBM's product names.
constexpr auto ibm_machine_types = std::to_array<machine_type>({
    {2064, "z900"},    {2066, "z800"},    {2084, "z990"},    {2086, "z890"},    {2094, "z9 EC"},   {2096, "z9 BC"},
    {2097, "z10 EC"},  {2098, "z10 BC"},  {2817, "z196"},    {2818, "z114"},    {2827, "zEC12"},   {2828, "zBC12"},
    {2964, "z13"},     {2965, "z13s"},    {3906, "z14"},     {3907, "z14 ZR1"}, {8561, "z15 T01"}, {8562, "z15 T02"},
    {3931, "z16 A01"}, {3932, "z16 A02"}, {9175, "z17 ME1"}, {9176, "z17 ME2"},
});

std::optional<std::string> text_at(std::string_view cpuinfo, std::string_view key) {
  const auto value = find_value(cpuinfo, key);
  return value ? std::optional{std::string{*value}} : std::nullopt;
}

/// "processor 0: version = FF,  identification = 123456,  machine = 2964"
std::optional<std::string> s390_processor(std::string_view cpuinfo) {
  constexpr std::string_view key = "machine = ";
  const auto processor = find_value(cpuinfo, "processor 0");
  if (!processor) return std::nullopt;
  const auto start = processor->find(key);
  if (start == std::string_view::npos) return std::nullopt;
  const auto number = trim(processor->substr(start + key.size()));
  const auto id = parse_number<unsigned>(number);
  const auto* const found = std::ranges::find(ibm_machine_types, id.value_or(0), &machine_type::id);
  if (found != ibm_machine_types.end()) return "IBM " + std::string{found->name};
  return "IBM machine type " + std::string{number};
}

/// On POWER, the name is the first word of a value such as "POWER9 (architected), altivec supported". SPARC and PA-RISC
/// use the same key for a complete name.
std::optional<std::string> cpu_key_processor(std::string_view cpuinfo) {
  auto cpu = find_value(cpuinfo, "cpu");
  if (!cpu) return std::nullopt;
  auto name = cpu->substr(0, cpu->find(','));
  if (name.starts_with("POWER")) name = name.substr(0, name.find(' '));
  return std::string{trim(name)};
}

/// The name of a RISC-V processor: its microarchitecture or, if that is missing, its instruction set.
std::optional<std::string> riscv_processor(std::string_view cpuinfo) {
  if (auto microarchitecture = text_at(cpuinfo, "uarch")) return microarchitecture;
  const auto isa = find_value(cpuinfo, "isa");
  if (!isa) return std::nullopt;
  return "RISC-V " + std::string{isa->substr(0, isa->find('_'))};
}

std::optional<std::string> arm_processor(std::string_view cpuinfo) {
  std::vector<std::string> names;
  while (!cpuinfo.empty()) {
    const auto end = cpuinfo.find("\n\n");
    const auto paragraph = cpuinfo.substr(0, end);
    cpuinfo.remove_prefix(end == std::string_view::npos ? cpuinfo.size() : end + 2);
    const auto implementer = find_value(paragraph, "CPU implementer");
    const auto part = find_value(paragraph, "CPU part");
    if (!implementer || !part) continue;
    if (auto name = arm_core_name(*implementer, *part); name && std::ranges::find(names, *name) == names.end()) {
      names.push_back(std::move(*name));
    }
  }
  if (names.empty()) return std::nullopt;
  std::string joined;
  for (const auto& name : names) joined += (joined.empty() ? "" : " + ") + name;
  return joined;
}

}  // namespace

std::string processor_name(std::string_view cpuinfo) {
  // This name is preferred to "model name", which contains only the architecture for 32-bit ARM: "ARMv7 Processor rev 4
  // (v7l)".
  if (auto name = arm_processor(cpuinfo)) return *std::move(name);
  for (const auto* key : {"model name", "Model Name", "cpu model"}) {
    if (auto name = text_at(cpuinfo, key)) return *std::move(name);
  }
  if (auto name = riscv_processor(cpuinfo)) return *std::move(name);
  if (auto name = s390_processor(cpuinfo)) return *std::move(name);
  if (auto name = cpu_key_processor(cpuinfo)) return *std::move(name);
  // These keys name the processor (old ARM kernels), the system on a chip, or the board.
  for (const auto* key : {"Processor", "Hardware", "Model", "system type"}) {
    if (auto name = text_at(cpuinfo, key)) return *std::move(name);
  }
  return "Unknown";
}

}  // namespace cohort::sysinfo
