// SPDX-License-Identifier: BSL-1.0
#include "examples/sqlite-crud/notes.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, notes::note_service()); }
