# shellcheck shell=bash disable=SC2154  # out, deadline: ci/test; build, checkout, cores: gate.sh
# How ci/test declares its stages, runs them, counts their tests and tells of failures. Sourced after gate.sh.
#
# First every stage is declared (stage, beside), then run_stages runs those that are wanted, and conclude reports.
#
# A stage NAME leaves in $out: NAME.log (what it printed), NAME.command (how to repeat it), NAME.count
# ("passed failed skipped"), NAME.outcome (ok, FAIL, skip or late) and, where packages were missing, NAME.packages.
# A stage whose command ends with 77 could not run: its last line says why. A stage is "late" if the time of the
# whole run ended before it did: it counts as skipped, and the run is red.

stages=()
only=()
declare -A needs_of=() junit_of=() command_of=() limit_of=() is_beside=() is_wanted=()
stage_limit=300

# declare_stage NAME JUNIT NEEDS COMMAND…: COMMAND's tests are those in the file JUNIT; "-" counts it as one test.
# NEEDS are names of stages declared before, or "-". NAME does not run where one of them did not end well.
declare_stage() {
  local name=$1 need
  [ -z "${command_of[$name]-}" ] || die 2 "stage \"$name\" is declared twice"
  for need in ${3/#-/}; do
    [ -n "${command_of[$need]-}" ] || die 2 "stage \"$name\" needs \"$need\", which is not declared before it"
  done
  stages+=("$name")
  junit_of[$name]=$2 needs_of[$name]=${3/#-/} limit_of[$name]=$stage_limit
  command_of[$name]=$(quoted "${@:4}")
}

# A stage by itself: those before it have ended.
stage() { declare_stage "$@"; }

# A stage beside others, no more at a time than there are cores.
beside() {
  declare_stage "$@"
  is_beside[$1]=yes
}

# Marks the stages that the globs in `only` select, and those that they need. Ends where a glob selects none.
choose_stages() {
  local glob name index found
  for glob in "${only[@]-*}"; do
    found=
    for name in "${stages[@]}"; do
      # shellcheck disable=SC2053  # a glob is meant
      [[ $name == $glob ]] && found=yes is_wanted[$name]=yes
    done
    [ -n "$found" ] || die 2 "no stage matches \"$glob\" (ci/test --list shows their names)"
  done
  # A stage needs only stages before it, so one pass from the end reaches all.
  for ((index = ${#stages[@]} - 1; index >= 0; index--)); do
    name=${stages[index]}
    [ -n "${is_wanted[$name]-}" ] || continue
    for need in ${needs_of[$name]}; do is_wanted[$need]=yes; done
  done
}

# The first and the last line; one line where they are the same.
first_and_last() { sed -n '1p;1!{$p;}'; }

# headline WORD STAGE REST
headline() { printf '%-5s %-28s %s\n' "$@"; }

seconds_since() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# In a stage beside others, too: a shell that ends by a signal takes its children along.
end_on_signals() { trap 'trap "" INT TERM; kill $(jobs -p) 2>/dev/null || true; exit 130' INT TERM; }

# ended NAME OUTCOME "PASSED FAILED SKIPPED" REST: the outcome in the files, and the line for it.
ended() {
  echo "$2" >"$out/$1.outcome"
  echo "$3" >"$out/$1.count"
  headline "$2" "$1" "$4"
}

outcome() { cat -- "$out/$1.outcome" 2>/dev/null || echo FAIL; }

# run_stage NAME
run_stage() {
  local name=$1 began=$EPOCHREALTIME left=$((deadline - SECONDS)) limit=${limit_of[$1]} need status=0 command
  end_on_signals
  : >"$out/$name.log"
  printf '%s\n' "${command_of[$name]}" >"$out/$name.command"
  for need in ${needs_of[$name]}; do
    case $(outcome "$need") in
      ok) ;;
      late) ended "$name" late "0 0 1" "not run: out of time"; return ;;
      skip) ended "$name" skip "0 0 1" "needs $need, which was skipped"; return ;;
      *) ended "$name" skip "0 0 1" "needs $need, which failed"; return ;;
    esac
  done
  if [ "$left" -le 0 ]; then
    ended "$name" late "0 0 1" "not run: out of time"
    return
  fi
  [ "$limit" -le "$left" ] || limit=$left
  eval "command=(${command_of[$name]})"
  timeout -k 10 "$limit" "${command[@]}" >"$out/$name.log" 2>&1 &
  wait $! 2>/dev/null || status=$?
  judge_stage "$name" "$status" "$limit" "$(seconds_since "$began")"
}

# judge_stage NAME STATUS LIMIT TIME
judge_stage() {
  local name=$1 status=$2 limit=$3 time=$4 junit=${junit_of[$1]} passed failed skipped packages=
  # What does not end by SIGTERM is killed, and timeout with it.
  if [ "$status" = 137 ] && [ "${time%%.*}" -ge "$limit" ]; then status=124; fi
  if [ "$status" = 124 ] && [ "$SECONDS" -ge "$deadline" ]; then
    ended "$name" late "0 0 1" "not run to its end: out of time after $limit s"
    return
  fi
  if [ "$status" = 124 ]; then
    echo "ended: not done after $limit s" >>"$out/$name.log"
    ended "$name" FAIL "0 1 0" "not done after $limit s"
    return
  fi
  if [ "$status" = 77 ]; then
    ended "$name" skip "0 0 1" "$(tail -n 1 -- "$out/$name.log")"
    return
  fi
  passed=$((status == 0)) failed=$((status != 0)) skipped=0
  if [ "$junit" != - ]; then
    if ! read -r passed failed skipped packages < <("$build/bin/python" ci/tally.py "$junit" 2>>"$out/$name.log"); then
      passed=0 failed=0 skipped=0
    fi
    # What ends a runner without a failed case counts as one failure, and so does a run without cases.
    if [ "$failed" = 0 ] && { [ "$status" -ne 0 ] || [ $((passed + skipped)) = 0 ]; }; then failed=1; fi
  fi
  echo "$packages" >"$out/$name.packages"
  ended "$name" "$([ "$failed" = 0 ] && echo ok || echo FAIL)" "$passed $failed $skipped" \
    "$(printf '%4d passed %3d failed %3d skipped  %7s' "$passed" "$failed" "$skipped" "$time")"
}

# Runs what is wanted, in the order of the declarations.
run_stages() {
  local name
  for name in "${stages[@]}"; do
    [ -n "${is_wanted[$name]-}" ] || continue
    if [ -n "${is_beside[$name]-}" ] && [ -z "${needs_of[$name]}" ]; then
      while [ "$(jobs -pr | wc -l)" -ge "$cores" ]; do wait -n || true; done
      run_stage "$name" &
    else
      wait
      run_stage "$name"
      end_on_signals
    fi
  done
  wait
}

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

# Tells of each failure and prints the closing line. Fails if a stage failed or had no time.
conclude() {
  local name passed failed skipped all=(0 0 0) failures=() late=() packages=() missing=
  for name in "${stages[@]}"; do
    [ -n "${is_wanted[$name]-}" ] || continue
    read -r passed failed skipped <"$out/$name.count"
    all=($((all[0] + passed)) $((all[1] + failed)) $((all[2] + skipped)))
    read -ra packages <<<"${packages[*]-} $(cat -- "$out/$name.packages" 2>/dev/null)"
    case $(outcome "$name") in
      late) late+=("$name") ;;
      FAIL)
        failures+=("$name")
        printf '\nFAIL  %s\n' "$name"
        excerpt "$out/$name.log" | sed 's/^/      /'
        ;;
    esac
  done
  if [ ${#failures[@]} -gt 0 ]; then printf '\nfailed stages, and how to repeat them in %s:\n' "$checkout"; fi
  for name in "${failures[@]}"; do printf '%-28s %s\n' "$name" "$(cat -- "$out/$name.command")"; done
  if [ ${#late[@]} -gt 0 ]; then printf '\nout of time (more of it: --minutes N): %s\n' "${late[*]}"; fi
  printf '\n%d s; what every stage printed is in %s\n' "$SECONDS" "$out"
  [ ${#packages[@]} = 0 ] || missing=" (not installed: $(printf '%s\n' "${packages[@]}" | sort -u | paste -sd ' '))"
  printf '%d passed, %d failed, %d skipped%s\n' "${all[@]}" "$missing"
  [ "${all[1]}" = 0 ] && [ ${#late[@]} = 0 ]
}
