// SPDX-License-Identifier: BSL-1.0
// Asio's TLS streams, compiled once per program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/ssl/impl/src.hpp>
