#!/bin/sh
# Poses as claude in a chaos run. The prompt's first words are the kind and the job's token; what happens is
# witnessed in a file of that name. Members of a group have one prompt, and a judge's is not ours: these go by their id.
read -r kind token seconds
case $kind in
  You) kind=judge token=$SIDEJOB_JOB_ID seconds=0.1 ;;
  member) token=$SIDEJOB_JOB_ID ;;
esac
witness="$CHAOS_WITNESS/$token"
echo start >>"$witness"
answer() {
  printf '{"type":"result","subtype":"success","is_error":false,"result":"%s","session_id":"s"}\n' "${1:-done}"
}
finish() {
  echo "end $1" >>"$witness"
  exit "$1"
}
case $kind in
  quick) answer ;;
  slow | member) sleep "$seconds"; answer ;;
  judge) sleep "$seconds"; answer '{\"agreement\":[],\"differences\":[],\"openPoints\":[],\"recommendation\":\"r\"}' ;;
  loud) head -c 2000000 /dev/zero | tr '\0' 'x'; echo; answer ;;
  stubborn) trap '' TERM INT HUP; sleep "$seconds" & wait $!; answer ;;
  daemon) (trap '' TERM; exec sleep 30) >/dev/null 2>&1 & sleep "$seconds"; answer ;;
  fails) sleep "$seconds"; finish 7 ;;
  silent) sleep "$seconds" ;;
esac
finish 0
