// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/arm_cores.hpp"

#include <algorithm>
#include <array>

#include <cohort/runtime/platform/proc_file.hpp>

namespace cohort::sysinfo {
namespace {

struct implementer {
  unsigned id;
  std::string_view name;
};

struct core {
  unsigned implementer;
  unsigned part;
  std::string_view name;
};

/// Source: ARM_CPU_IMP_* in the kernel's arch/arm64/include/asm/cputype.h, and util-linux's sys-utils/lscpu-arm.c.
constexpr auto implementers = std::to_array<implementer>({
    {0x41, "ARM"},       {0x42, "Broadcom"},  {0x43, "Cavium"},   {0x44, "DEC"},    {0x46, "Fujitsu"},
    {0x48, "HiSilicon"}, {0x49, "Infineon"},  {0x4d, "Motorola"}, {0x4e, "NVIDIA"}, {0x50, "APM"},
    {0x51, "Qualcomm"},  {0x53, "Samsung"},   {0x56, "Marvell"},  {0x61, "Apple"},  {0x66, "Faraday"},
    {0x69, "Intel"},     {0x6d, "Microsoft"}, {0x70, "Phytium"},  {0xc0, "Ampere"},
});

/// Source: ARM_CPU_PART_* and similar macros in the same files.
constexpr auto cores = std::to_array<core>({
    // ARM
    {0x41, 0x926, "ARM926EJ-S"},
    {0x41, 0xb36, "ARM1136"},
    {0x41, 0xb56, "ARM1156"},
    {0x41, 0xb76, "ARM1176"},
    {0x41, 0xc05, "Cortex-A5"},
    {0x41, 0xc07, "Cortex-A7"},
    {0x41, 0xc08, "Cortex-A8"},
    {0x41, 0xc09, "Cortex-A9"},
    {0x41, 0xc0d, "Cortex-A17"},  // originally named A12
    {0x41, 0xc0e, "Cortex-A17"},
    {0x41, 0xc0f, "Cortex-A15"},
    {0x41, 0xd01, "Cortex-A32"},
    {0x41, 0xd02, "Cortex-A34"},
    {0x41, 0xd03, "Cortex-A53"},
    {0x41, 0xd04, "Cortex-A35"},
    {0x41, 0xd05, "Cortex-A55"},
    {0x41, 0xd06, "Cortex-A65"},
    {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"},
    {0x41, 0xd09, "Cortex-A73"},
    {0x41, 0xd0a, "Cortex-A75"},
    {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"},
    {0x41, 0xd0d, "Cortex-A77"},
    {0x41, 0xd0e, "Cortex-A76AE"},
    {0x41, 0xd40, "Neoverse-V1"},
    {0x41, 0xd41, "Cortex-A78"},
    {0x41, 0xd42, "Cortex-A78AE"},
    {0x41, 0xd43, "Cortex-A65AE"},
    {0x41, 0xd44, "Cortex-X1"},
    {0x41, 0xd46, "Cortex-A510"},
    {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd48, "Cortex-X2"},
    {0x41, 0xd49, "Neoverse-N2"},
    {0x41, 0xd4a, "Neoverse-E1"},
    {0x41, 0xd4b, "Cortex-A78C"},
    {0x41, 0xd4c, "Cortex-X1C"},
    {0x41, 0xd4d, "Cortex-A715"},
    {0x41, 0xd4e, "Cortex-X3"},
    {0x41, 0xd4f, "Neoverse-V2"},
    {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"},
    {0x41, 0xd82, "Cortex-X4"},
    {0x41, 0xd83, "Neoverse-V3AE"},
    {0x41, 0xd84, "Neoverse-V3"},
    {0x41, 0xd85, "Cortex-X925"},
    {0x41, 0xd87, "Cortex-A725"},
    {0x41, 0xd88, "Cortex-A520AE"},
    {0x41, 0xd89, "Cortex-A720AE"},
    {0x41, 0xd8a, "C1-Nano"},
    {0x41, 0xd8b, "C1-Pro"},
    {0x41, 0xd8c, "C1-Ultra"},
    {0x41, 0xd8e, "Neoverse-N3"},
    {0x41, 0xd8f, "Cortex-A320"},
    {0x41, 0xd90, "C1-Premium"},
    // Broadcom
    {0x42, 0x100, "Brahma-B53"},
    {0x42, 0x516, "Vulcan"},
    // Cavium
    {0x43, 0x0a0, "ThunderX"},
    {0x43, 0x0a1, "ThunderX-88XX"},
    {0x43, 0x0a2, "ThunderX-81XX"},
    {0x43, 0x0a3, "ThunderX-83XX"},
    {0x43, 0x0af, "ThunderX2-99xx"},
    {0x43, 0x0b8, "ThunderX3-T110"},
    // Fujitsu
    {0x46, 0x001, "A64FX"},
    {0x46, 0x003, "MONAKA"},
    // HiSilicon
    {0x48, 0xd01, "TSV110"},
    {0x48, 0xd02, "HIP09"},
    {0x48, 0xd06, "HIP12"},
    // NVIDIA
    {0x4e, 0x000, "Denver"},
    {0x4e, 0x003, "Denver 2"},
    {0x4e, 0x004, "Carmel"},
    {0x4e, 0x010, "Olympus"},
    // APM
    {0x50, 0x000, "X-Gene"},
    // Qualcomm
    {0x51, 0x001, "Oryon"},
    {0x51, 0x06f, "Krait"},
    {0x51, 0x205, "Kryo"},
    {0x51, 0x211, "Kryo"},
    {0x51, 0x800, "Kryo 2xx Gold"},
    {0x51, 0x801, "Kryo 2xx Silver"},
    {0x51, 0x802, "Kryo 3xx Gold"},
    {0x51, 0x803, "Kryo 3xx Silver"},
    {0x51, 0x804, "Kryo 4xx Gold"},
    {0x51, 0x805, "Kryo 4xx Silver"},
    {0x51, 0xc00, "Falkor"},
    {0x51, 0xc01, "Saphira"},
    // Samsung
    {0x53, 0x001, "Exynos M1"},
    {0x53, 0x002, "Exynos M3"},
    {0x53, 0x003, "Exynos M4"},
    {0x53, 0x004, "Exynos M5"},
    // Apple: efficiency and performance cores of each generation
    {0x61, 0x022, "M1 Icestorm"},
    {0x61, 0x023, "M1 Firestorm"},
    {0x61, 0x024, "M1 Pro Icestorm"},
    {0x61, 0x025, "M1 Pro Firestorm"},
    {0x61, 0x028, "M1 Max Icestorm"},
    {0x61, 0x029, "M1 Max Firestorm"},
    {0x61, 0x032, "M2 Blizzard"},
    {0x61, 0x033, "M2 Avalanche"},
    {0x61, 0x034, "M2 Pro Blizzard"},
    {0x61, 0x035, "M2 Pro Avalanche"},
    {0x61, 0x038, "M2 Max Blizzard"},
    {0x61, 0x039, "M2 Max Avalanche"},
    // Microsoft
    {0x6d, 0xd49, "Azure Cobalt 100"},
    // Phytium
    {0x70, 0x303, "FTC310"},
    {0x70, 0x660, "FTC660"},
    {0x70, 0x661, "FTC661"},
    {0x70, 0x662, "FTC662"},
    {0x70, 0x663, "FTC663"},
    {0x70, 0x664, "FTC664"},
    {0x70, 0x862, "FTC862"},
    // Ampere
    {0xc0, 0xac3, "Ampere-1"},
    {0xc0, 0xac4, "Ampere-1a"},
    {0xc0, 0xac5, "Ampere-1b"},
});

std::optional<unsigned> parse_hexadecimal(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return platform::parse_number<unsigned>(text, 16);
}

}  // namespace

std::optional<std::string> arm_core_name(std::string_view implementer, std::string_view part) {
  const auto implementer_id = parse_hexadecimal(implementer);
  const auto part_id = parse_hexadecimal(part);
  if (!implementer_id || !part_id) return std::nullopt;
  const auto* const known_implementer = std::ranges::find(implementers, *implementer_id, &sysinfo::implementer::id);
  if (known_implementer == implementers.end()) return std::nullopt;
  const auto* const found = std::ranges::find_if(cores, [&](const core& candidate) {
    return candidate.implementer == *implementer_id && candidate.part == *part_id;
  });
  if (found == cores.end()) return std::string{known_implementer->name} + " CPU part " + std::string{part};
  // Some names already begin with the name of the implementer.
  if (found->name.starts_with(known_implementer->name)) return std::string{found->name};
  return std::string{known_implementer->name} + " " + std::string{found->name};
}

}  // namespace cohort::sysinfo
