"""The parts of an STM32F4 beside its core, as far as firmware needs them to start and to talk."""
