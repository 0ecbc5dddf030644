# shellcheck shell=bash disable=SC2154  # out, deadline, full: ci/test; build, checkout, cores: gate.sh
# Functions that declare the stages of ci/test, run them, count their tests and report failures. Sourced after gate.sh.
#
# ci/test declares every stage (stage, beside). Then run_stages runs the chosen ones, and conclude reports.
#
# A stage NAME leaves these files in $out: NAME.log (its output), NAME.command (the command that repeats it),
# NAME.count ("passed failed skipped"), NAME.outcome (ok, FAIL, skip or late) and, if packages are missing,
# NAME.packages. If the command exits with 77, the stage could not run, and its last line says why. A stage is "late"
# if the time of the whole run ended before the stage did. It counts as skipped, and the run is red.

stages=()
only=()
declare -A needs_of=() junit_of=() command_of=() limit_of=() is_beside=() is_background=() is_wanted=()
stage_limit=300

# declare_stage NAME JUNIT NEEDS COMMAND…: COMMAND writes its tests to the file JUNIT; with "-" it counts as one test.
# NEEDS names stages that are declared before, or is "-". The stage is skipped if one of them is not ok.
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

# Declares a stage that runs after all stages before it have ended, but for those in the background.
stage() { declare_stage "$@"; }

# Declares a stage that runs beside others, after the stages that it needs. At most as many run at a time as the machine
# has cores.
beside() {
  declare_stage "$@"
  is_beside[$1]=yes
}

# Declares a stage that runs in the background of all later ones. It should leave processors to them: by `nice`, or
# because it mostly waits.
background() {
  declare_stage "$@"
  is_background[$1]=yes
}

# Marks the stages that the globs in `only` select, and the stages that these need. Every glob must select a stage.
choose_stages() {
  local glob name index found
  for glob in "${only[@]-*}"; do
    found=
    for name in "${stages[@]}"; do
      # shellcheck disable=SC2053  # a glob is meant
      [[ $name == $glob ]] && found=yes is_wanted[$name]=yes
    done
    [ -n "$found" ] || die 2 "no stage matches \"$glob\"$(hint "$glob" "ci/test --list shows their names" "${stages[@]}")"
  done
  # A stage needs only earlier stages, so one pass from the end reaches all.
  for ((index = ${#stages[@]} - 1; index >= 0; index--)); do
    name=${stages[index]}
    [ -n "${is_wanted[$name]-}" ] || continue
    for need in ${needs_of[$name]}; do is_wanted[$need]=yes; done
  done
}

# Prints the first and the last line of its input; a single line only once.
first_and_last() { sed -n '1p;1!{$p;}'; }

# headline WORD STAGE REST
headline() { printf '%-5s %-28s %s\n' "$@"; }

seconds_since() {
  local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# ended NAME OUTCOME "PASSED FAILED SKIPPED" REST: writes the outcome to the files and prints its line.
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
  # timeout exits with 137 if it had to kill the command because SIGTERM did not end it.
  if [ "$status" = 137 ] && [ "${time%%.*}" -ge "$limit" ]; then status=124; fi
  if [ "$status" = 124 ] && [ "$SECONDS" -ge "$deadline" ]; then
    ended "$name" late "0 0 1" "stopped: out of time after $limit s"
    return
  fi
  if [ "$status" = 124 ]; then
    echo "stopped after $limit s" >>"$out/$name.log"
    ended "$name" FAIL "0 1 0" "stopped after $limit s"
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
    # A runner that exits with an error but without a failed case counts as one failure. So does a run without cases.
    if [ "$failed" = 0 ] && { [ "$status" -ne 0 ] || [ $((passed + skipped)) = 0 ]; }; then failed=1; fi
  fi
  echo "$packages" >"$out/$name.packages"
  ended "$name" "$([ "$failed" = 0 ] && echo ok || echo FAIL)" "$passed $failed $skipped" \
    "$(printf '%4d passed %3d failed %3d skipped  %7s' "$passed" "$failed" "$skipped" "$time")"
}

# Returns whether a stage that NAME needs has not ended yet.
waits_for_a_need() {
  local need
  for need in ${needs_of[$1]}; do
    [ -e "$out/$need.outcome" ] || return 0
  done
  return 1
}

# Runs the chosen stages in the order in which they were declared.
run_stages() {
  local name beside=() behind=(none)
  for name in "${stages[@]}"; do
    [ -n "${is_wanted[$name]-}" ] || continue
    if [ -n "${is_background[$name]-}" ]; then
      run_stage "$name" &
      behind+=($!)
    elif [ -n "${is_beside[$name]-}" ]; then
      if waits_for_a_need "$name"; then
        wait "${beside[@]}" || true
        beside=()
      fi
      while [ "$(jobs -pr | grep -cvxF -f <(printf '%s\n' "${behind[@]}"))" -ge "$cores" ]; do wait -n || true; done
      run_stage "$name" &
      beside+=($!)
    else
      [ ${#beside[@]} = 0 ] || wait "${beside[@]}" || true
      beside=()
      run_stage "$name"
      end_on_signals
    fi
  done
  wait
}

# Prints the beginning and the end of a file: runners print the first failure early and the totals last.
excerpt() {
  local lines
  lines=$(wc -l <"$1")
  if [ "$lines" -le 80 ]; then cat -- "$1"; else
    head -n 50 -- "$1"
    printf '[… %d more lines in %s]\n' "$((lines - 75))" "$1"
    tail -n 25 -- "$1"
  fi
}

# Prints each failure and the closing line. Fails if a stage failed or had no time.
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
  if [ ${#failures[@]} -gt 0 ]; then printf '\nfailed stages, each with the command that repeats it in %s:\n' "$checkout"; fi
  for name in "${failures[@]}"; do printf '%-28s %s\n' "$name" "$(cat -- "$out/$name.command")"; done
  if [ ${#late[@]} -gt 0 ]; then printf '\nout of time (--minutes N gives more): %s\n' "${late[*]}"; fi
  printf '\n%d s; the output of every stage is in %s\n' "$SECONDS" "$out"
  [ -n "$full" ] || echo "this was a sample of the stages, cases and tests that take long; ci/test --all runs all of them"
  [ ${#packages[@]} = 0 ] || missing=" (not installed: $(printf '%s\n' "${packages[@]}" | sort -u | paste -sd ' '))"
  printf '%d passed, %d failed, %d skipped%s\n' "${all[@]}" "$missing"
  [ "${all[1]}" = 0 ] && [ ${#late[@]} = 0 ]
}
