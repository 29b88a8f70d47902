#!/bin/sh
# Does `tail -f` on a file in $PLACE wait for inotify, or look once a second?
# It says so itself only where it does not know the type, so that its descriptors are asked.
set -e
mkfifo "$SCRATCH/fifo"
echo first >"$PLACE/log"
tail -f "$PLACE/log" >"$SCRATCH/fifo" 2>"$SCRATCH/errors" &
tail=$!
exec 3<"$SCRATCH/fifo"
read -r line <&3
[ "$line" = first ]
# Whatever it does, it does from here on: it has seen a change of the file.
echo second >>"$PLACE/log"
read -r line <&3
[ "$line" = second ]
if readlink /proc/$tail/fd/* | grep -q inotify; then echo inotify; else echo polling; fi
kill $tail
cat "$SCRATCH/errors"
