/* shape.h - how the code for this machine is laid out. */
#ifndef SPOOF_SHAPE_H
#define SPOOF_SHAPE_H

#if defined(__x86_64__)
#include "x86_64/shape.h"
#elif defined(__aarch64__)
#include "aarch64/shape.h"
#endif

#endif
