#!/bin/sh
# Poses as claude in a chaos run. The prompt's first words are the kind and the job's token; what happens is
# witnessed in a file of that name.
read -r kind token seconds
witness="$CHAOS_WITNESS/$token"
echo start >>"$witness"
answer() {
  echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"s"}'
}
finish() {
  echo "end $1" >>"$witness"
  exit "$1"
}
case $kind in
  quick) answer ;;
  slow) sleep "$seconds"; answer ;;
  loud) head -c 2000000 /dev/zero | tr '\0' 'x'; echo; answer ;;
  stubborn) trap '' TERM INT HUP; sleep "$seconds" & wait $!; answer ;;
  daemon) (trap '' TERM; exec sleep 30) >/dev/null 2>&1 & sleep "$seconds"; answer ;;
  fails) sleep "$seconds"; finish 7 ;;
  silent) sleep "$seconds" ;;
esac
finish 0
