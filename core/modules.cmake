# SPDX-License-Identifier: BSL-1.0
# The modules and their layers: a module may include only modules that it links, directly or through another module.
# The build, the installed package and `./dev lint` (core/cmake/check_includes.cmake) read this file.
#
# cohort_module(<name> [OPTIONAL] [MODULES <module>...] [LIBRARIES <target>...] [PRIVATE_LIBRARIES <target>...])

# Layer 1
cohort_module(runtime LIBRARIES Threads::Threads Boost::headers)
cohort_module(json LIBRARIES simdjson::simdjson Boost::headers)
cohort_module(config LIBRARIES Boost::url PRIVATE_LIBRARIES CLI11::CLI11)
# Layer 2
cohort_module(net MODULES runtime PRIVATE_LIBRARIES OpenSSL::SSL OpenSSL::Crypto)
cohort_module(policy MODULES runtime)
cohort_module(telemetry MODULES runtime json LIBRARIES prometheus-cpp::headers)
# Layer 3
set(http_libraries OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB)
if(COHORT_BROTLI)
  list(APPEND http_libraries Brotli::encoder)
endif()
cohort_module(http MODULES net policy telemetry json config LIBRARIES Boost::url PRIVATE_LIBRARIES ${http_libraries})
# Layer 4
cohort_module(discovery MODULES http)
# Layer 5
cohort_module(service MODULES discovery PRIVATE_LIBRARIES OpenSSL::Crypto)
# Layer 6
cohort_module(faults MODULES service)
cohort_module(sim MODULES service PRIVATE_LIBRARIES ZLIB::ZLIB)
cohort_module(messaging MODULES net policy telemetry LIBRARIES Boost::url)
cohort_module(redis MODULES net policy telemetry)
cohort_module(sqlite OPTIONAL MODULES telemetry PRIVATE_LIBRARIES SQLite::SQLite3)
cohort_module(postgres OPTIONAL MODULES net policy telemetry PRIVATE_LIBRARIES libpq::libpq)
# Layer 7
cohort_module(kafka OPTIONAL MODULES messaging PRIVATE_LIBRARIES RdKafka::rdkafka)
cohort_module(testing MODULES sim)
