#include <stdint.h>

#include "console.h"
#include "model_glue.h"
#include "timestamp.h"
#include "uart.h"

#if !MODEL_PULLS_ROWS
/* For debuggers and emulators, which may write the input there (int8, pixel - 128) once the console is ready.
 */
int8_t *model_input_pointer;
#endif

int main(void) {
    timestamp_init();
    uart_init();
#if !MODEL_PULLS_ROWS
    model_input_pointer = model_input();
#endif
    console_run();
}
