// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/processor_name.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "services/sysinfo/cpu_topology.hpp"

namespace cohort {
namespace {

using sysinfo::processor_name;

TEST_CASE("processor name: the model name of an x86 processor is read from cpuinfo", "[services][sysinfo]") {
  CHECK(processor_name("processor : 0\nmodel : 1\nmodel name : AMD EPYC 7763\nmodel name : other\n") ==
        "AMD EPYC 7763");
  CHECK(processor_name("processor : 0\nmodel name : Odd: name\n") == "Odd: name");
}

TEST_CASE("processor name: the name of a POWER processor is read from cpuinfo", "[services][sysinfo][case-5.6]") {
  const auto [cpuinfo, name] = GENERATE(table<std::string, std::string>({
      {"processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\nclock\t\t: 2500.000000MHz\n"
       "revision\t: 2.2 (pvr 004e 1202)\n\ntimebase\t: 512000000\nplatform\t: pSeries\n"
       "model\t\t: IBM pSeries (emulated by qemu)\nmachine\t\t: CHRP IBM pSeries (emulated by qemu)\nMMU\t\t: Radix\n",
       "POWER9"},
      {"processor\t: 0\ncpu\t\t: POWER8E (raw), altivec supported\nclock\t\t: 3690.000000MHz\n", "POWER8E"},
      {"processor\t: 0\ncpu\t\t: Power10, altivec supported\n", "Power10"},
      {"processor\t: 0\ncpu\t\t: POWER10\n", "POWER10"},
      {"processor\t: 0\ncpu\t\t: 7447A, altivec supported\nmotherboard\t: PowerBook6,8\n", "7447A"},
  }));
  CHECK(processor_name(cpuinfo) == name);
}

TEST_CASE("processor name: the name of a RISC-V processor is read from cpuinfo", "[services][sysinfo][case-5.6]") {
  const auto [cpuinfo, name] = GENERATE(table<std::string, std::string>({
      {"processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc_zicntr_zihpm\nmmu\t\t: sv39\nuarch\t\t: sifive,u74-mc\n"
       "mvendorid\t: 0x489\nmarchid\t\t: 0x8000000000000007\nmimpid\t\t: 0x4210427\n",
       "sifive,u74-mc"},
      {"processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdcv\nmmu\t\t: sv39\nuarch\t\t: thead,c910\n", "thead,c910"},
      {"processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch_zicsr_zifencei\nmmu\t\t: sv57\n", "RISC-V rv64imafdch"},
      {"processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64gc\n", "RISC-V rv64gc"},
  }));
  CHECK(processor_name(cpuinfo) == name);
}

TEST_CASE("processor name: the name of an s390x processor is read from cpuinfo", "[services][sysinfo][case-5.6]") {
  const auto [machine, name] = GENERATE(table<std::string, std::string>({
      {"2964", "IBM z13"},
      {"3906", "IBM z14"},
      {"8561", "IBM z15 T01"},
      {"3931", "IBM z16 A01"},
      {"9175", "IBM z17 ME1"},
      {"1234", "IBM machine type 1234"},
  }));
  const auto cpuinfo =
      "vendor_id       : IBM/S390\n# processors    : 2\nbogomips per cpu: 3033.00\nmax thread id   : 0\n"
      "features\t: esan3 zarch stfle msa\n"
      "processor 0: version = FF,  identification = 233EF7,  machine = " +
      machine + "\nprocessor 1: version = FF,  identification = 233EF7,  machine = " + machine +
      "\n\ncpu number      : 0\nphysical id     : 1\ncore id         : 0\n";
  CHECK(processor_name(cpuinfo) == name);
  CHECK(sysinfo::count_cpus("/no/such/directory", cpuinfo).logical == 2);
}

TEST_CASE("processor name: the name and the topology of a LoongArch processor are read from cpuinfo",
          "[services][sysinfo][case-5.6]") {
  const auto* const name = GENERATE("Loongson-3A5000-HV", "Loongson-3A6000", "Loongson-3C5000L-LL");
  const auto processor = [&](const std::string& number, const std::string& core) {
    return "processor\t\t: " + number + "\npackage\t\t\t: 0\ncore\t\t\t: " + core + "\nglobal_id\t\t: " + number +
           "\nCPU Family\t\t: Loongson-64bit\nModel Name\t\t: " + name + "\nCPU Revision\t\t: 0x10\n\n";
  };
  const auto cpuinfo = "system type\t\t: generic-loongson-machine\n\n" + processor("0", "0") + processor("1", "0") +
                       processor("2", "1") + processor("3", "1");
  CHECK(processor_name(cpuinfo) == name);
  const auto counts = sysinfo::count_cpus("/no/such/directory", cpuinfo);
  CHECK(counts.logical == 4);
  CHECK(counts.cores == 2);
}

TEST_CASE("processor name: the names of MIPS, SPARC, PA-RISC, Alpha and old ARM processors are read from cpuinfo",
          "[services][sysinfo][case-5.6]") {
  const auto [cpuinfo, name] = GENERATE(table<std::string, std::string>({
      {"system type\t\t: MIPS Malta\nmachine\t\t\t: mti,malta\nprocessor\t\t: 0\ncpu model\t\t: MIPS 24Kc V0.0  FPU V0.0\n",
       "MIPS 24Kc V0.0  FPU V0.0"},
      {"cpu\t\t: UltraSparc T5 (Niagara5)\nfpu\t\t: UltraSparc T5 integrated FPU\n", "UltraSparc T5 (Niagara5)"},
      {"processor\t: 0\ncpu family\t: PA-RISC 2.0\ncpu\t\t: PA8900 (Shortfin)\n", "PA8900 (Shortfin)"},
      {"cpu\t\t\t: Alpha\ncpu model\t\t: EV67\n", "EV67"},
      {"Processor\t: ARMv6-compatible processor rev 7 (v6l)\nHardware\t: BCM2708\n",
       "ARMv6-compatible processor rev 7 (v6l)"},
  }));
  CHECK(processor_name(cpuinfo) == name);
}

TEST_CASE("processor name: the part numbers of ARM processors are mapped to names", "[services][sysinfo][case-5.6]") {
  const auto [implementer, part, name] = GENERATE(table<std::string, std::string, std::string>({
      {"0x41", "0xd08", "ARM Cortex-A72"},     {"0x41", "0xd0c", "ARM Neoverse-N1"},
      {"0x41", "0xd4f", "ARM Neoverse-V2"},    {"0x41", "0xd84", "ARM Neoverse-V3"},
      {"0x41", "0xd8e", "ARM Neoverse-N3"},    {"0x41", "0xd81", "ARM Cortex-A720"},
      {"0x41", "0xd87", "ARM Cortex-A725"},    {"0x41", "0xd85", "ARM Cortex-X925"},
      {"0x41", "0xd8c", "ARM C1-Ultra"},       {"0x41", "0xb76", "ARM1176"},
      {"0x61", "0x023", "Apple M1 Firestorm"}, {"0x6d", "0xd49", "Microsoft Azure Cobalt 100"},
      {"0xc0", "0xac3", "Ampere-1"},           {"0xc0", "0xac4", "Ampere-1a"},
      {"0x51", "0x001", "Qualcomm Oryon"},     {"0x48", "0xd01", "HiSilicon TSV110"},
      {"0x46", "0x001", "Fujitsu A64FX"},      {"0x4e", "0x010", "NVIDIA Olympus"},
      {"0x70", "0x664", "Phytium FTC664"},     {"0x61", "0x055", "Apple CPU part 0x055"},
  }));
  CHECK(processor_name("processor : 0\nCPU implementer : " + implementer + "\nCPU part : " + part + "\n") == name);
}

TEST_CASE("processor name: the name lists the different cores of an ARM processor", "[services][sysinfo]") {
  const auto core = [](const std::string& part) {
    return "processor : 0\nCPU implementer : 0x41\nCPU part : " + part + "\n\n";
  };
  CHECK(processor_name(core("0xd05") + core("0xd05") + core("0xd0b") + core("0xd0b")) ==
        "ARM Cortex-A55 + ARM Cortex-A76");
}

TEST_CASE("processor name: the name of the core takes precedence over the model name of 32-bit ARM",
          "[services][sysinfo]") {
  CHECK(processor_name("processor : 0\nmodel name : ARMv7 Processor rev 4 (v7l)\nCPU implementer : 0x41\n"
                       "CPU part : 0xc07\n") == "ARM Cortex-A7");
  CHECK(processor_name("processor : 0\nmodel name : ARMv7 Processor rev 4 (v7l)\n") == "ARMv7 Processor rev 4 (v7l)");
}

TEST_CASE("processor name: without a known core or model, the name of the system on a chip or of the board is used",
          "[services][sysinfo]") {
  const auto [cpuinfo, name] = GENERATE(table<std::string, std::string>({
      {"processor : 0\nCPU implementer : 0x01\nCPU part : 0xd49\n\nModel : a board\n", "a board"},
      {"processor : 0\nmodel name :\n\nHardware : BCM2711\nModel : a board\n", "BCM2711"},
      {"processor : 0\nCPU implementer : junk\nCPU part : 0xd49\n", "Unknown"},
      {"processor : 0\nCPU implementer : 0x41\n", "Unknown"},
      {"processor : 0\nCPU part : 0xd49\n", "Unknown"},
      {"processor : 0\nvendor_id : x\n", "Unknown"},
      {"", "Unknown"},
  }));
  CAPTURE(cpuinfo);
  CHECK(processor_name(cpuinfo) == name);
}

}  // namespace
}  // namespace cohort
