# Pipelines, subshells, background jobs, traps and signals, for any POSIX shell.
stat -f -c 'the filesystem is %t' .
seq 1 300 | sort -rn | grep 7 | tail -n 2
(seq 1 50; seq 51 100) | while read -r number; do echo "$number"; done | tail -n 1
seq 1 100000 | head -n 1
sleep 1000 &
kill -TERM $!
wait $! 2>/dev/null
echo "killed: $?"
trap 'echo got the signal' USR1
kill -USR1 $$
sh -c 'kill -USR1 $PPID' &
wait $!
wait
text=$(printf 'one\ntwo\n' | { read -r first; read -r second; echo "$second $first"; })
echo "$text"
printf 'here: %s\n' "$(cat <<END
$(stat -f -c %t . | tr -d '\n')
END
)"
exit 7
