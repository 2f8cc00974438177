# SPDX-License-Identifier: BSL-1.0
# Checks that cohort-alerts reuses the results in a directory only if the rules have not changed.
# Variables: program, rules, changed_rules, directory.
file(REMOVE_RECURSE "${directory}")
set(evaluation "${program}" --incidents 1 --quiet-hours 0 --only "dead replica" --processes 1 --check --results
  "${directory}" --rules)
function(evaluate rule_directory expected_status)
  execute_process(COMMAND ${evaluation} "${rule_directory}" RESULT_VARIABLE status OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT status EQUAL expected_status)
    message(FATAL_ERROR "cohort-alerts exits with ${status}, not ${expected_status}: ${output}")
  endif()
endfunction()

evaluate("${rules}" 0)
file(GLOB results "${directory}/*/*.tsv")
list(LENGTH results count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "there are ${count} results instead of 1: ${results}")
endif()
# The stored result contains no firing. It is reused, so the incident counts as missed.
file(WRITE "${results}" "end\n")
evaluate("${rules}" 1)
# An incomplete result is not reused.
file(WRITE "${results}" "")
evaluate("${rules}" 0)
# A result is not reused for other rules.
file(WRITE "${results}" "end\n")
evaluate("${changed_rules}" 0)
