/* Word access for the string functions. */
#ifndef MCU_VISION_WORD_H
#define MCU_VISION_WORD_H

#include <stdint.h>

/* May alias anything. Armv7E-M's LDR and STR take any address; `aligned(1)` keeps the compiler from
 * merging two of them into LDRD or LDM, which do not. */
typedef uint32_t word __attribute__((may_alias, aligned(1)));

#endif
