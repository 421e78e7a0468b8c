/* Rows of the image for a model in a host library: from a function that whoever loads the library sets. */
#include "model_glue.h"

#if MODEL_PULLS_ROWS
const int32_t model_row_bytes = MODEL_INPUT_ROW_BYTES;
int (*model_row_source)(int32_t row, int8_t *to);

int MODEL_READ_ROW(int32_t row, int8_t *to) { return model_row_source(row, to); }
#endif
