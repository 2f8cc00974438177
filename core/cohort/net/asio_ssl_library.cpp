// SPDX-License-Identifier: BSL-1.0
// Asio's TLS streams, compiled once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/ssl/impl/src.hpp>
