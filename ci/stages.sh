# shellcheck shell=bash disable=SC2154  # out, deadline, stage_limit: ci/test; build, checkout, cores: gate.sh
# How ci/test runs its stages, counts their tests and tells of failures. Sourced after gate.sh.
#
# A stage NAME leaves in $out: NAME.log (what it printed), NAME.command (how to repeat it), NAME.count
# ("passed failed skipped"). A stage whose command ends with 77 could not run: its last line says why.

stages=()
only=()

wanted() {
  local glob
  [ ${#only[@]} -gt 0 ] || return 0
  for glob in "${only[@]}"; do
    # shellcheck disable=SC2053  # a glob is meant
    [[ $1 == $glob ]] && return 0
  done
  return 1
}

# headline WORD STAGE REST
headline() { printf '%-5s %-22s %s\n' "$@"; }

seconds_since() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# In a stage beside others, too: a shell that ends by a signal takes its children along.
end_on_signals() { trap 'trap "" INT TERM; kill $(jobs -p) 2>/dev/null || true; exit 130' INT TERM; }

# skip STAGE REASON
skip() {
  wanted "$1" || return 0
  [[ " ${stages[*]} " == *" $1 "* ]] || stages+=("$1")
  echo "0 0 1" >"$out/$1.count"
  headline skip "$@"
}

# stage NAME XML COMMAND…: COMMAND's tests are those in the JUnit file XML; "-" counts it as one test.
stage() {
  local name=$1 xml=$2 began=$EPOCHREALTIME status=0 limit=$((deadline - SECONDS)) passed failed skipped
  shift 2
  end_on_signals
  [ "$limit" -le "$stage_limit" ] || limit=$stage_limit
  [ "$limit" -gt 0 ] || limit=1
  quoted "$@" >"$out/$name.command"
  echo "0 1 0" >"$out/$name.count"
  timeout -k 10 "$limit" "$@" >"$out/$name.log" 2>&1 &
  wait $! || status=$?
  [ "$status" -ne 124 ] || echo "ended: not done after $limit s" >>"$out/$name.log"
  if [ "$status" -eq 77 ]; then
    skip "$name" "$(tail -n 1 -- "$out/$name.log")"
    return
  fi
  passed=$((status == 0)) failed=$((status != 0)) skipped=0
  if [ "$xml" != - ]; then
    read -r passed failed skipped < <("$build/bin/python" ci/tally.py "$xml" 2>>"$out/$name.log") || status=1 passed=0 failed=0 skipped=0
    # What ends a runner without a failed case counts as one failure, and so does a run without cases.
    if [ "$failed" = 0 ] && { [ "$status" -ne 0 ] || [ $((passed + skipped)) = 0 ]; }; then failed=1; fi
  fi
  echo "$passed $failed $skipped" >"$out/$name.count"
  headline "$([ "$failed" = 0 ] && echo ok || echo FAIL)" "$name" \
    "$(printf '%4d passed %3d failed %3d skipped  %7s' "$passed" "$failed" "$skipped" "$(seconds_since "$began")")"
}

# A stage by itself.
run() {
  wanted "$1" || return 0
  stages+=("$1")
  stage "$@"
  end_on_signals
}

# A stage beside others, no more at a time than there are cores.
begin() {
  wanted "$1" || return 0
  stages+=("$1")
  while [ "$(jobs -pr | wc -l)" -ge "$cores" ]; do wait -n || true; done
  stage "$@" &
}

passed() { ! wanted "$1" || [[ $(cat -- "$out/$1.count") == *" 0 "* ]]; }

# The beginning and the end of a file: runners tell of the first failure early and sum up late.
excerpt() {
  local lines
  lines=$(wc -l <"$1")
  if [ "$lines" -le 80 ]; then cat -- "$1"; else
    head -n 50 -- "$1"
    printf '[… %d lines more in %s]\n' "$((lines - 75))" "$1"
    tail -n 25 -- "$1"
  fi
}

# Tells of each failure and prints the closing line. Fails if a stage did.
conclude() {
  local name passed failed skipped all=(0 0 0) failures=()
  wait
  for name in "${stages[@]}"; do
    read -r passed failed skipped <"$out/$name.count"
    all=($((all[0] + passed)) $((all[1] + failed)) $((all[2] + skipped)))
    [ "$failed" != 0 ] || continue
    failures+=("$name")
    printf '\nFAIL  %s\n' "$name"
    excerpt "$out/$name.log" | sed 's/^/      /'
  done
  if [ ${#failures[@]} -gt 0 ]; then printf '\nfailed stages, and how to repeat them in %s:\n' "$checkout"; fi
  for name in "${failures[@]}"; do printf '%-22s %s\n' "$name" "$(cat -- "$out/$name.command")"; done
  printf '\n%d s; what every stage printed is in %s\n' "$SECONDS" "$out"
  printf '%d passed, %d failed, %d skipped\n' "${all[@]}"
  [ "${all[1]}" = 0 ]
}
