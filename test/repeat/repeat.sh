#!/bin/sh
# repeat.sh COUNT EXPECTED COMMAND... - runs a command over and over. Its output and status have to be
# what the file EXPECTED holds; whatever differs is shown. Ends with 1 if anything did.
count=$1 expected=$2
shift 2
differ=0
run=1
while [ "$run" -le "$count" ]; do
    found=$("$@" 2>&1; echo "status $?")
    if [ "$found" != "$(cat "$expected")" ]; then
        echo "run $run: $found"
        differ=$((differ + 1))
    fi
    run=$((run + 1))
done
echo "$count runs, $differ differ"
[ "$differ" -eq 0 ]
