/* descriptors.h - the fixed numbers of the descriptors that guardian and worker share. */
#ifndef SPOOF_DESCRIPTORS_H
#define SPOOF_DESCRIPTORS_H

/* What a worker opens comes behind them, and the guardian closes that when the worker dies. */
enum shared_descriptor {
    DESCRIPTOR_LISTENER = 3,
    DESCRIPTOR_LOG = 4,
    DESCRIPTOR_WORKER = 5,   /* pidfd of the current worker */
    DESCRIPTOR_STARTER = 6,  /* socket to the starter, until the command runs */
    DESCRIPTOR_DELIVERY = 7, /* pipe: slots whose descriptor is to be delivered */
    DESCRIPTOR_DELIVERY_READ = 8,
    DESCRIPTOR_FIRST_OF_WORKER = 9,
};

#endif
