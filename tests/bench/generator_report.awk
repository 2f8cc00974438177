# SPDX-License-Identifier: BSL-1.0
# Parses the report of the load generator `name` from standard input. Prints the number of requests, p50, p90, p95, p99
# and maximum in milliseconds, the duration in seconds, and a remark.

function milliseconds(text,   sum, number) {
  while (match(text, /^[0-9.]+/)) {
    number = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    if (sub(/^ms/, "", text)) sum += number
    else if (sub(/^(µs|us)/, "", text)) sum += number / 1000
    else if (sub(/^ns/, "", text)) sum += number / 1e6
    else if (sub(/^s/, "", text)) sum += number * 1000
    else if (sub(/^m/, "", text)) sum += number * 60000
    else if (sub(/^h/, "", text)) sum += number * 3600000
    else break
  }
  return sum
}
function value(word) { sub(/^.*=/, "", word); return milliseconds(word) }
name == "loadgen" && NR == 1 {remark = $1}
name == "loadgen" && $1 == "t" && NF >= 15 {
  if (gsub(/≥ /, "")) remark = remark ", at least"
  for (i = 1; i <= 4; ++i) p[i] = milliseconds($(2 * i) $(2 * i + 1))
  p[5] = milliseconds($(NF - 1) $NF)
}
name == "loadgen" && /^Total Requests:/ {requests = $3}
name == "loadgen" && /^Failed:/ {failed = $2}
name == "loadgen" && /^Duration:/ {duration = $2}

name == "wrk" && $1 == "summary" {
  requests = $2
  for (i = 1; i <= 5; ++i) p[i] = $(i + 2) / 1000
  duration = $8 / 1e6
}

name == "hey" && $1 == "Total:" {duration = $2}
name == "hey" && $1 == "Slowest:" {p[5] = $2 * 1000}
name == "hey" && $2 == "in" {at[$1] = $3 * 1000}
name == "hey" && $3 == "responses" {requests += $2}

name == "oha" {sub(/ secs?$/, " s")}
name == "oha" && $1 == "Total:" {duration = milliseconds($2 $3) / 1000}
name == "oha" && $1 == "Slowest:" {p[5] = milliseconds($2 $3)}
name == "oha" && $2 == "in" {at[$1] = milliseconds($3 $4)}
name == "oha" && $3 == "responses" {requests += $2}

name == "vegeta" && $1 == "Requests" {gsub(",", ""); requests = $5}
name == "vegeta" && $1 == "Duration" {gsub(",", ""); duration = milliseconds($5) / 1000}
name == "vegeta" && $1 == "Latencies" {gsub(",", ""); for (i = 1; i <= 5; ++i) p[i] = milliseconds($(i + 10))}

name == "fortio" && $2 == "target" {at[$3] = $4 * 1000}
name == "fortio" && /^Aggregated Function Time/ {for (i = 1; i < NF; ++i) if ($i == "max") p[5] = $(i + 1) * 1000}
name == "fortio" && /^All done/ {requests = $3; duration = requests / $(NF - 1)}

name == "k6" && /http_req_duration\./ {for (i = 1; i <= 5; ++i) p[i] = value($(i + 1))}
name == "k6" && $1 ~ /^http_reqs\./ {requests = $2; duration = requests / $3}
name == "k6" && $1 ~ /^dropped_iterations\./ {remark = $2 " dropped"}

END {
  if (name == "hey" || name == "oha" || name == "fortio") {
    for (key in at) {
      number = key + 0
      if (number == 50) p[1] = at[key]
      if (number == 90) p[2] = at[key]
      if (number == 95) p[3] = at[key]
      if (number == 99) p[4] = at[key]
    }
  }
  if (failed > 0) remark = remark ", " failed " failed"
  printf "%d", requests
  for (i = 1; i <= 5; ++i) printf " %.4f", p[i]
  printf " %.4f %s\n", duration, remark
}
