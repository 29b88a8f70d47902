# load.sh NAME_LENGTH STOP_FILE: the shell subject of load.c. Every call is a fresh process.
calls=0 native=0 wrong=0
while :; do
    answer=$(stat -f -c '%t %l' /dev/shm)
    calls=$((calls + 1))
    case $answer in
    "ef53 $1") ;;
    "1021994 $1") native=$((native + 1)) ;;
    *)
        wrong=$((wrong + 1))
        echo "load.sh: $answer" >&2
        ;;
    esac
    [ ! -e "$2" ] || break
done
echo "{\"subject\":\"shell\",\"calls\":$calls,\"native\":$native,\"wrong\":$wrong}"
[ "$wrong" = 0 ]
