// SPDX-License-Identifier: BSL-1.0
void warns() { int unused_variable = 0; }
