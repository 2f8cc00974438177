// SPDX-License-Identifier: BSL-1.0
void warns() { int unused_in_the_users_code = 0; }
