#!/bin/sh
# Runs one command and records how it ended, without a server.
#
# usage: launcher.sh EXIT_FILE DEADLINE_FILE TIMEOUT_SEC GRACE_SEC FOLDER COMMAND [ARG...]
#
# fd 0 the prompt, 1 the job's stdout, 2 launcher.log, 3 the job's stderr, 4 the go pipe.
# Both files exist already, filled with blanks, and are overwritten in place: no rename that a signal could
# cut short, and room even on a full disk. EXIT_FILE gets the exit status, or `nogo` if the command was never
# run, or `moved` if this process is not in FOLDER (an absolute path without symbolic links): somebody has put
# another one in its place since it was checked. DEADLINE_FILE gets `timeout` if the time limit ended the group. This process leads its own session and
# process group, so `kill -- -$$` reaches the whole job.
#
# The braces make the shell read the whole script before it runs any of it: replacing this file (an upgrade)
# does no harm to running jobs.
{
  # Handlers, not "ignore": an ignored signal would stay ignored in the command.
  trap : HUP INT QUIT TERM USR1 USR2 ALRM
  exec 9<>"$1" 8<>"$2" || exit 125
  limit=$3 grace=$4 folder=$5
  shift 5

  # End of file instead of `go`: the server died before it had recorded this process.
  read -r go <&4 || go=
  exec 4<&-
  [ "$go" = go ] || { echo nogo >&9; exit 125; }

  # Asked of the system, not of the environment; a name that leads elsewhere by now has led us there already.
  cd -P . 2>/dev/null || PWD=
  [ "$PWD" = "$folder" ] || { echo moved >&9; exit 125; }
  unset OLDPWD

  watch=
  if [ "$limit" != 0 ]; then
    (
      # A signal to the group must not disarm the limit; PROF from the launcher does. The launcher itself has no
      # handler for PROF that this subshell could begin with: so none is ever lost, however early it comes.
      trap '' HUP INT QUIT TERM USR1 USR2 ALRM
      trap 'kill -KILL $!; exit 0' PROF
      /bin/sleep "$limit" &
      # Not slept to its end: somebody has killed it, and that is no time limit.
      wait $! || exit 0
      echo timeout >&8
      kill -TERM -$$
      kill -CONT -$$
      /bin/sleep "$grace" &
      wait $!
      kill -KILL -$$
    ) </dev/null >/dev/null 2>&1 3>&- 9>&- &
    watch=$!
  fi

  if [ -f "$1" ] && [ -x "$1" ]; then
    # In a subshell, so that what this shell says of its end ("Killed") goes to launcher.log.
    (exec "$@" 2>&3 3>&- 8>&- 9>&-)
    code=$?
  else
    echo "launcher.sh: exec: $1: not found or not executable" >&2
    code=127
  fi
  echo "$code" >&9
  # Gone before this process is: whoever waits for the launcher finds nothing of its own left in the group.
  [ -z "$watch" ] || { kill -PROF "$watch"; wait "$watch"; }
  exit "$code"
}
