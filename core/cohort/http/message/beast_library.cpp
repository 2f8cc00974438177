// SPDX-License-Identifier: BSL-1.0
// Compiles Beast once for the entire program (BOOST_BEAST_SEPARATE_COMPILATION).
#include <boost/beast/src.hpp>
