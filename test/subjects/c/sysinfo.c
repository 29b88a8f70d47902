/* sysinfo - what sysinfo(2) says, by the bare call: in bytes, whatever its unit. Or, with a number
 * of seconds: is it up for longer? */
#include "subject.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

int main(int count, char **words) {
    struct sysinfo info;
    memset(&info, 0xee, sizeof info);
    const long result = syscall(SYS_sysinfo, &info);
    if (count > 1) {
        print("is up for longer: %d", info.uptime > atol(words[1]));
        return 0;
    }
    print("call %ld", result);
    const unsigned long long unit = info.mem_unit;
    print("totalram %llu", info.totalram * unit);
    print("freeram %llu", info.freeram * unit);
    print("totalswap %llu", info.totalswap * unit);
    print("freeswap %llu", info.freeswap * unit);
    print("shared and buffers fit: %d",
          info.sharedram <= info.totalram && info.bufferram <= info.totalram);
    print("small numbers fit: %d", unit == 1 || sizeof info.totalram == 4);
    print("the rest: %d", info.uptime >= 0 && info.procs != 0xeeee);
    const long refused = syscall(SYS_sysinfo, 16UL);
    print("bad pointer %ld errno=%d", refused, errno);
    return 0;
}
