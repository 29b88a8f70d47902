// Types of filesystems that calls are made on, and that they are told (linux/magic.h).
export const types = { tmpfs: 0x01021994, v9fs: 0x01021997, ext4: 0xef53 } as const;
