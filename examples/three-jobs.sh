#!/usr/bin/env bash
# Three statements at the same time on one driver, each in a pool of its own. Prints each when it
# answers. LIBRA_URL says where the server is, LIBRA_TOKEN who asks (where tokens are configured).
set -euo pipefail

url=${LIBRA_URL:-http://127.0.0.1:8080}
headers=(-H 'content-type: application/json')
[ -z "${LIBRA_TOKEN:-}" ] || headers+=(-H "authorization: Bearer $LIBRA_TOKEN")

# statement POOL SQL
statement() {
  curl -sS "${headers[@]}" "$url/api/v1/sessions/default/statements" \
    -d "{\"kind\": \"sql\", \"pool\": \"$1\", \"code\": \"$2\"}" | show
}

show() {
  python3 -c '
import json, sys
job = json.load(sys.stdin)
if job.get("state") != "SUCCESS":
    sys.exit(json.dumps(job))
row = job["result"].splitlines()[-1]
times = [job[at][11:-1] for at in ("submittedAt", "startedAt", "completedAt")]
print("%-14s submitted %s  started %s  completed %s  %s" % (job["pool"], *times, row))'
}

statement low-priority 'SELECT COUNT(*) FROM range(10000000)' &
jobs=($!)
statement high-priority 'SELECT 1' &
jobs+=($!)
statement default 'SELECT AVG(id) FROM range(1000000)' &
jobs+=($!)

for job in "${jobs[@]}"; do wait "$job"; done
