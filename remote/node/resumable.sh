# resumable.sh - runs shell commands ("jobs") on this machine so that each is started at most once, goes on without its
# connection, and can be picked up again by any connection at any byte of its output.
#
# Never run by hand.  The controller keeps this file as FILE in a private folder BASE and opens a channel on which a shell
# reads it (session.ts, bootstrap): $0 is BASE, $1 the protocol's name, $2 a nonce, $home the folder to run commands in.
# The channel stays open for many jobs.  It says hello with the machine's token, then takes verbs on standard input, one a
# line, each of seven words: name, job id, token, time limit, bytes of stdout and of stderr already held, script.
# A line without its newline is not carried out.  Answers are lines that begin with "@@NONCE "; whatever a login shell
# prints before the first one is skipped, and output comes in frames of announced length, so it cannot pass for an answer.
#
# Needs Linux /proc, setsid, cat, dd, ls, sleep, rm; find, grep, mkfifo on rare paths.  dash, bash and busybox sh.
# A fork costs more than everything else in here together, hence the builtins and the use of /proc.
#
# Open files of a runner: 0 the verbs, 1 the channel, 2 nothing; 3 4 out and err for reading (their positions tell what
# the channel has had); 5 6 out and err for appending (their positions tell how long they are, and holding 5 tells others
# that the runner lives); 7 the read end of a new pipe; 8 9 what the command has as stdout and stderr.
#
# shellcheck shell=dash
# shellcheck disable=SC1007,SC2015,SC2034,SC2044,SC2046,SC2059,SC2086,SC2094,SC2103,SC2154,SC2164,SC2217

set -u
exec 2>/dev/null            # this shell's own complaints; what a job writes never comes this way

mark() { printf '@@%s %s\n' "$nonce" "$*"; }
die() { mark E "$*"; exit 1; }
unknown() { mark U "$id" "$1"; exit 0; }

nap() { # seconds, or 1 where sleep(1) knows no fractions.  It may outlive us and must not hold our files.
  sleep "$1" </dev/null >/dev/null 3<&- 4<&- 5>&- 6>&- || sleep 1 </dev/null >/dev/null 3<&- 4<&- 5>&- 6>&-
}

position() { read -r pos_label pos < "/proc/self/fdinfo/$1"; }    # of an open file -> $pos

check_id() {
  case $id in ''|[!A-Za-z0-9]*|*[!A-Za-z0-9_-]*) die bad-id ;; esac
  [ ${#id} -le 120 ] || die bad-id
}

check_numbers() {
  for number; do case $number in ''|*[!0-9]*) die bad-number ;; esac; done
}

### The journal, $id.job: creating it is the claim, its lines say what happened, and it stays as the tombstone ###

claim() { # create the journal with these lines; fails if it exists (noclobber opens with O_EXCL: atomic)
  created= written=
  set -C
  { created=yes; printf "$@" && written=yes; } > "$id.job"
  set +C
  [ -n "$created" ] || return 1
  [ -n "$written" ] || { rm -f "$id.job"; die no-space; }         # nothing has been started: the id is free again
}

load_job() {
  claim_token= runner= limit=0 exited= held= ended= rc= out_size=0 err_size=0 flags= notes= gone=
  while read -r key a b c d; do
    case $key in
      claim) claim_token=$a runner=$b limit=$c ;;
      exited) exited=yes ;;
      held) held=yes ;;
      timeout|cancelled) [ -n "$ended" ] || notes=$notes,$key ;;
      end) [ -n "$ended" ] || { ended=yes rc=$a out_size=$b err_size=$c flags=$d; } ;;
      runner-died|acked) gone=$key ;;
    esac
  done < "$id.job"
}

runner_alive() { [ "/proc/$runner/fd/5" -ef "$id.out" ]; }        # a pid alone may be somebody else's by now

### Starting a job: this shell claims it, runs it, and writes down its end ###

start_job() { # fails when somebody else has claimed it
  if [ "$expected" != "$token" ] && [ "$expected" != - ]; then
    case $expected in "$boot".*) unknown store-lost ;; *) unknown rebooted ;; esac
  fi
  [ "$out_from$err_from" = 00 ] || unknown missing                # it did run once, and there is no trace of it here
  : >> "$id.out" && : >> "$id.err" || die no-space
  exec 3< "$id.out" 4< "$id.err" 5>> "$id.out" 6>> "$id.err"
  claim 'claim %s %s %s\n' "$token" $$ "$limit" || { exec 5>&- 6>&-; return 1; }
  printf %b "$script" > "$id.sh" || { rm -f "$id.job" "$id.sh"; die no-space; }
  runner=$$
  trap - TERM                                                     # a TERM before the child has reset a trap would be lost
  watch_job & watcher=$!
  trap : HUP INT TERM PIPE USR1                                   # outlive them; the command has their defaults back
  run_command
  position 5; out_length=$pos
  position 6; err_length=$pos
  printf 'end %s %s %s %s\n' "$code" "$out_length" "$err_length" "$kept" >> "$id.job" && recorded=yes || recorded=
  kill "$watcher"; wait "$watcher"; watched=$?
  exec 5>&- 6>&-
  case $watched in 0|143) ;; *) exit 1 ;; esac                    # it may have left half a frame in the channel
  [ -n "$recorded" ] || unknown not-recorded
  load_job                                                        # for the notes others left there
  return 0
}

run_command() {
  new_pipe; exec 8> /proc/self/fd/7
  cat <&7 >&5 3<&- 4<&- 5>&- 6>&- 7<&- 8>&- & out_pump=$!
  new_pipe; exec 9> /proc/self/fd/7
  cat <&7 >&6 3<&- 4<&- 5>&- 6>&- 7<&- 8>&- 9>&- & err_pump=$!
  exec 7<&-
  (
    cd "$home" || cd /
    unset OLDPWD
    export DROVER_JOB="$base:$id:"                                    # by this, cancel finds what left the session
    exec setsid sh "$base/$id.sh"
  ) </dev/null >&8 2>&9 3<&- 4<&- 5>&- 6>&- 8>&- 9>&-
  code=$?
  exec 8>&- 9>&-
  wait_for_pumps
}

new_pipe() { # read end -> 7; opening /proc/self/fd/7 for writing gives the other end
  # dash, busybox and bash >= 5.1 keep a short here-document in a pipe: a pipe without a fork.
  exec 7<<LINE

LINE
  read -r empty_line <&7
  [ -p /proc/self/fd/7 ] && return
  mkfifo "$id.fifo" && exec 9<> "$id.fifo" 7< "$id.fifo" 9>&-
  rm -f "$id.fifo"
}

wait_for_pumps() { # they end with the last writer; a daemon that keeps writing must not hold up the result (see follow)
  echo exited >> "$id.job"
  kept=ok held=
  wait_for_pump "$out_pump"
  wait_for_pump "$err_pump"
  [ $kept = lost ] || [ -z "$held" ] || kept=held
}

wait_for_pump() {
  while wait "$1"; status=$?; [ $status -gt 128 ] && [ -e "/proc/$1/fd/0" ]; do    # a signal woke us, the pump still runs
    load_job
    [ -z "$held" ] || return
  done
  [ $status -le 128 ] || ! wait "$1" || status=0
  [ $status = 0 ] || kept=lost                                    # the disk was full: some output was not kept
}

watch_job() { # beside the command: live output and the time limit.  The runner ends it with TERM.
  nap 0.2                                                         # most commands are over by then: TERM just kills us
  stopped= sending= leave=
  trap 'stopped=yes' TERM
  read_stat /proc/self/stat; watcher=$pid
  {
    trap '[ -n "$sending" ] && leave=yes || exit 0' TERM          # never between a frame's head and its bytes
    mark S "$id" running
    follow || { mark U "$id" runner-died; read_stat /proc/self/stat; [ "$parent" != "$watcher" ] || kill "$watcher"; }
  } & streamer=$!
  trap 'kill $streamer; [ $! = $streamer ] || kill -KILL $!; wait $streamer; exit 0' TERM    # a fresh child can lose a TERM
  [ -z "$stopped" ] || { kill $streamer; wait $streamer; exit 0; }
  if [ "$limit" -gt 0 ]; then
    sleep "$limit" </dev/null >/dev/null 3<&- 4<&- 5>&- 6>&- &
    if wait $!; then
      trap '' TERM                                                # the job may end before we are through with its rest
      echo timeout >> "$id.job"
      stop_command                                                # what it could not end must not hold up the result: see follow
    fi
  fi
  wait $streamer
}

### Following a job, beside its runner or from another channel, and delivering its end ###

attach() {
  load_job
  tries=0
  while [ -z "$runner" ] && [ $tries -lt 50 ]; do nap 0.1; load_job; tries=$((tries + 1)); done   # claimed this instant
  [ -z "$gone" ] || unknown "$gone"
  [ -n "$runner" ] || unknown runner-died
  [ -n "$ended" ] || [ "$claim_token" = "$token" ] || unknown rebooted
  : >> "$id.out"; : >> "$id.err"
  exec 3< "$id.out" 4< "$id.err"
  [ "$out_from" = 0 ] || dd bs=1 skip="$out_from" count=0 <&3
  [ "$err_from" = 0 ] || dd bs=1 skip="$err_from" count=0 <&4
  if [ -z "$ended" ]; then
    mark S "$id" attached
    follow || unknown runner-died
  fi
  if [ "$claim_token" != "$token" ]; then                         # ended before a reboot: did all of its output survive?
    read_sizes
    [ "$out_now" -ge "$out_size" ] && [ "$err_now" -ge "$err_size" ] || unknown rebooted
  fi
}

follow() { # pass on what is new until the job has ended; fails when it cannot end any more
  idle=0 quiet=0 lingering=0 leave=
  while :; do
    load_job
    [ -z "$ended" ] || return 0
    if ! runner_alive; then
      load_job
      [ -z "$ended" ] || return 0
      echo runner-died >> "$id.job"
      stop_command                                                # nobody could record its result: it must not go on
      return 1
    fi
    read_sizes
    sent= sending=yes
    send o 3 "$out_now"
    send e 4 "$err_now"
    sending=
    [ -z "$leave" ] || exit 0
    [ -z "$sent" ] || idle=0 quiet=0
    case $idle in 0|1|2) delay=0.05 ;; [3-9]) delay=0.1 ;; ?|[1-3]?) delay=0.4 ;; *) delay=1 ;; esac
    idle=$((idle + 1)) quiet=$((quiet + 1))
    if [ -n "$exited" ]; then                                     # the command is over, but something holds its output
      delay=0.25 lingering=$((lingering + 1))
      [ $lingering -le 8 ] || { [ -n "$held" ] || echo held >> "$id.job"; kill -USR1 "$runner"; }
    fi
    [ $quiet -lt 40 ] || { quiet=0; mark H || exit 1; }           # tells a dead channel from a silent job
    sleep $delay </dev/null >/dev/null 3<&- 4<&- 5>&- 6>&- &
    wait $! || nap 1                                              # not in the foreground: TERM is to end it at once
  done
}

read_sizes() { # -> out_now err_now
  if [ /proc/self/fd/5 -ef "$id.out" ]; then                      # we are the runner's own follower
    position 5; out_now=$pos
    position 6; err_now=$pos
  else
    set -- $(ls -ln "$id.err" "$id.out")
    err_now=$5 out_now=${14}
  fi
}

send() { # stream, open file, size: frames with what the channel has not had yet
  position "$2"
  while [ "$pos" -lt "$3" ]; do
    length=$(($3 - pos)) before=$pos sent=yes
    [ $length -le 4194304 ] || length=4194304
    mark "$1" "$pos" "$length" && dd bs=$length count=1 <&"$2" || exit 1
    position "$2"
    [ "$pos" = $((before + length)) ] || exit 1                   # less than announced: give the channel up
  done
}

deliver() { # the rest of the output, then the result
  send o 3 "$out_size"
  send e 4 "$err_size"
  exec 3<&- 4<&-
  mark X "$id" "$rc" "$out_size" "$err_size" "$flags$notes" || exit 1
}

### Ending a job early ###

cancel_job() {
  if claim 'claim %s 0 0\ncancelled\nend 130 0 0 never-started\n' "$token"; then
    mark C "$id" tombstoned
    return
  fi
  echo cancelled >> "$id.job"
  tries=0
  while load_job; [ -z "$ended$gone" ] && [ $tries -lt 100 ]; do
    [ -z "$runner" ] || { runner_alive && ! find_leader; } || break
    nap 0.05; tries=$((tries + 1))                                # claimed, but the command is not up yet
  done
  [ -z "$ended$gone" ] || { mark C "$id" finished; return; }
  stop_command
  mark C "$id" killed
}

stop_command() { # every process of the job
  find_leader || leader=
  stop_processes
}

stop_processes() { # TERM for those of $leader's session and those with the cookie of $id, up to two seconds, then KILL
  signalled=
  signal_job TERM
  tries=0
  while [ $tries -lt 20 ] && still_there; do nap 0.1; tries=$((tries + 1)); done
  tries=0
  while signalled=; signal_job KILL; [ -n "$signalled" ] && [ $tries -lt 5 ]; do    # one may have forked in between
    nap 0.05; tries=$((tries + 1))
  done
}

find_leader() { # the live runner's child that leads a session of its own: no stale pid can pass for it
  runner_alive || return 1
  for stat in /proc/[0-9]*/stat; do
    read_stat "$stat" && [ "$parent" = "$runner" ] && [ "$session" = "$pid" ] && { leader=$pid; return 0; }
  done
  return 1
}

signal_job() {
  foreign=
  if [ -n "$leader" ]; then
    for stat in /proc/[0-9]*/stat; do
      read_stat "$stat" && [ "$session" = "$leader" ] && signal_process "$1"
    done
  fi
  cookie=DROVER_JOB=$base:$id:
  for file in $(grep -lzsF "$cookie" /proc/[0-9]*/environ || grep -lsF "$cookie" /proc/[0-9]*/environ); do
    pid=${file#/proc/} pid=${pid%/environ}
    signal_process "$1"
  done
  [ -z "$foreign" ] || sudo -n kill "-$1" $foreign </dev/null >/dev/null    # what the command runs by sudo
}

signal_process() { # $pid, or note that it is another user's
  kill "-$1" "$pid" || { [ -e "/proc/$pid" ] && foreign="$foreign $pid"; } && signalled="$signalled $pid"
}

read_stat() { # "pid (name) state ppid pgrp session ..."; the name may hold anything
  read -r line < "$1" || return 1
  pid=${line%% *}
  set -- ${line##*) }
  parent=$2 session=$4
}

still_there() { for pid in $signalled; do [ -e "/proc/$pid" ] && return 0; done; return 1; }

### Housekeeping ###

ack_jobs() { # comma-separated ids; the controller has their results on its own disk: keep the tombstones only
  trash=
  for id in $(IFS=,; echo $1); do
    check_id
    [ -e "$id.job" ] || continue
    load_job
    [ -n "$ended" ] && [ -z "$gone" ] || continue
    echo acked >> "$id.job"
    trash="$trash $id.sh $id.out $id.err"
  done
  [ -z "$trash" ] || rm -f $trash
}

collect_garbage() { # days, name of the script in use: everything older than that, but for jobs that run; once a day
  [ -z "$(find collected -mtime -1)" ] || return 0                # several workers, or nodes that share this folder
  : > collected
  trash=
  for file in $(find . -type f -mtime "+$1"); do
    file=${file#./}
    id=${file%.*}
    case $file in store|collected|"$2") continue ;; esac
    runner=; [ ! -e "$id.job" ] || load_job
    runner_alive && continue
    trash="$trash $file"
  done
  [ -z "$trash" ] || echo $trash | xargs rm -f
}

perform() { # one verb
  id=$2 expected=$3 limit=$4 out_from=$5 err_from=$6 script=$7
  case $1 in
    job)    check_id; check_numbers "$limit" "$out_from" "$err_from"
            if [ -e "$id.job" ] || ! start_job; then attach; fi
            deliver ;;
    cancel) check_id; cancel_job ;;
    stop)   check_id; leader=; stop_processes; mark C "$id" killed ;;     # what a plain command left running
    ack)    ack_jobs "$id"; mark A ;;
    gc)     check_numbers "$limit"; collect_garbage "$limit" "$id"; mark G ;;
    *)      die bad-verb ;;
  esac
}

[ "$1" = drover1 ] || exit 1
base=$0 home=${home:-/} nonce=$2
[ -h "$base" ] && die base-is-a-link
command -v setsid >/dev/null || die no-setsid
[ -z "${KSH_VERSION-}${ZSH_VERSION-}" ] || die unsupported-shell
read -r boot < /proc/sys/kernel/random/boot_id && read -r store < store || die no-store
token=$boot.$store          # claims made under another token may be lost, so a job first sent under one is not started
mark B "$token"
while read -r verb id expected limit out_from err_from script; do
  perform "$verb" "$id" "$expected" "$limit" "$out_from" "$err_from" "$script"
done
exit 0
