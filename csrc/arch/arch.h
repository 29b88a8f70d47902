/* arch.h - the architecture this is compiled for. */
#ifndef SPOOF_ARCH_H
#define SPOOF_ARCH_H

#if defined(__x86_64__)
#include "x86_64.h"
#elif defined(__aarch64__)
#include "aarch64.h"
#else
#error "seccomp-spoof knows x86_64 and aarch64"
#endif

#endif
