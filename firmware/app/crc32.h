/* CRC-32 of zlib: reflected polynomial 0xEDB88320. */
#ifndef MCU_VISION_CRC32_H
#define MCU_VISION_CRC32_H

#include <stdint.h>

/* The checksum of what `crc` is the checksum of (0: nothing) and `count` more bytes. */
uint32_t crc32(uint32_t crc, const uint8_t *bytes, uint32_t count);

#endif
