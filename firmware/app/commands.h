/* Console commands, each a function of the text after its name. The first group is the MLPerf Tiny device
 * protocol (EEMBC EnergyRunner; mlcommons/tiny, benchmark/api), the second this firmware's own in the same
 * manner. */
#ifndef MCU_VISION_COMMANDS_H
#define MCU_VISION_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "model_glue.h"

void command_name(char *arguments);
void command_profile(char *arguments);
void command_timestamp(char *arguments);
void command_help(char *arguments);
void command_db(char *arguments);
void command_infer(char *arguments);
void command_results(char *arguments);

void command_rows(char *arguments);
void command_steps(char *arguments);
void command_model(char *arguments);
void command_boxes(char *arguments);
void command_output(char *arguments);
void command_crc(char *arguments);
void command_ram(char *arguments);
void command_reset(char *arguments);

/* Shared by several commands. */
enum { PIXEL_TO_INPUT = MODEL_INPUT_AS_INT8 ? 0 : 0x80 }; /* pixel - 128: the top bit flipped */
#define COMMAND_END '%'

void report_error(const char *text);                 /* e-[text] */
bool conclude_inference(bool done);                  /* an error if it stopped early */
void forget_inference(void);                         /* its outputs are about to be overwritten */
bool require_inference(void);                        /* false, and an error, before the first one */
bool parse_output(char *arguments, uint32_t *index); /* false, and an error, where there is no such output */
void print_bytes(const uint8_t *bytes, uint32_t count,
                 uint8_t flip); /* m-buffer lines of 8 bytes, each XOR flip */

#endif
