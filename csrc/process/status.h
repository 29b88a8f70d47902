/* status.h - how our programs end when they do not become the command, as env(1) does. */
#ifndef SPOOF_STATUS_H
#define SPOOF_STATUS_H

#define STATUS_OUR_FAULT 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

#endif
